/* api_build_parts.h - what the builders of transactions share; nobody but api_build*.c includes it.
 */
#ifndef NODE_API_BUILD_PARTS_H
#define NODE_API_BUILD_PARTS_H

#include "node/api_build.h"

/* `stopped` is set when a problem other than a mistake in the form was found. */
struct build {
    const struct build_input *input;
    struct form form;
    struct built *built;
    struct transaction *t;
    struct problem *problem;
    bool stopped;
};

/* The first problem stays. */
void build_stop(struct build *build, enum verdict verdict, const char *detail);
/* Members that are needed; what is missing or wrong is noted. */
void build_take_index(struct form *form, const char *name, struct record_index *index_out);
void build_take_partner(struct build *build, const char *name, struct partner_id *partner_out);

/* The nine types of settlement (api_build_settle.c). */
void build_settlement(struct build *build);

/* What partners agree upon (api_build_deal.c). */
void build_deal(struct build *build);
/* Of those a payment account (api_build_account.c). */
void build_account(struct build *build);
/* And the exchange rates of a day (api_build_rates.c). */
void build_rates(struct build *build);
/* What a purchase ("amount", "currency") is worth by the partner's rate for the day of the
 * transaction: the earn's `eligible`. */
void build_purchase(struct build *build);

#endif
