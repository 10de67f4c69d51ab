// links: node
/* What is said beside the figures of a period. */
#include "check.h"

#include "node/period_words.h"

CASE(what_a_step_of_a_dispute_moves_is_explained)
{
    static const struct {
        const char *answer;
        bool opens;
        const char *words;
    } all[] = {
        {"[]", true, ""},
        {"null", false, ""},
        {"[{\"class\":\"redemption-contra\"}]", true,
         "  what was taken back of the line before counts no more until the dispute is resolved\n"},
        {"[{\"class\":\"redemption-contra\"}]", false,
         "  what was taken back of the line counts as far as the line still stands\n"},
        {"[{\"class\":\"dispute-fee\"},{\"class\":\"redemption-fee\"}]", false,
         "  what is not cancelled is owed in the period that is open now\n"
         "  what was taken back of the line counts as far as the line still stands\n"},
        {"[{\"class\":\"dispute\"}]", false,
         "  what is not cancelled is owed in the period that is open now\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        json_t *obligations = json_loads(all[i].answer, JSON_DECODE_ANY, NULL);
        struct buffer out;
        buffer_init(&out, PERIOD_WORDS_MAX);
        period_words_owed(obligations, all[i].opens, &out);
        CHECK_TEXT(buffer_text(&out), all[i].words);
        buffer_release(&out);
        json_decref(obligations);
    }
}

int main(void)
{
    RUN(what_a_step_of_a_dispute_moves_is_explained);
    return check_report();
}
