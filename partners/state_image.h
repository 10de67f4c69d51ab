/* state_image.h - the whole state machine as a stream of bytes, and back.
 *
 * A node that starts need not execute the ledger from its first height: it reads the image of a
 * later one and goes on from there. A state that was read gives the same outcomes, digests and
 * images as the one that was written.
 *
 * The bytes are deterministic: equal histories give equal images on every machine, so that the
 * image's hash (its last 32 bytes) is a fingerprint of everything that the state holds. What
 * follows from other rows is not written: sums, lists, heaps and hash tables are made anew, so that
 * an image cannot contradict itself there.
 *
 *     header    magic "accrimg" 0, version u32 = 6, coalition 32, height u64, ledger time u64,
 *               cut time u64, digest 32, first cut time u64, clock advance u64, next record u64,
 *               accepted u64, refused u64, open period u32, its first record u64, awaits tree u8
 *     section   number u32, rows u64, then the rows     twenty-six of them, in order of number
 *     end       SHA-256 of every byte before it
 *
 *      1 amendments   height u64, what u64, size n u16, change n     in order of effect
 *      2 motions      record u64, proposed u64, by u16, carried u8, size n u16, ballots m u16,
 *                     body n, m * partner u16
 *      3 digests      digest 32     of the last heights, newest first
 *      4 tariffs      currency 3, redemption tax 12, fee tax 12     zeros after a code; from 1 on
 *      5 contracts    record u64, proposer u16, state u8, tariff u8, signed u64, funder u16,
 *                     redeemer u16, face currency 3, settlement currency 3, face u64,
 *                     reimbursement u64, issue fee u64, redemption fee u64, redemption tax 12,
 *                     fee tax 12, period cap u64, year cap u64, from u64, until u64,
 *                     exit days u16, ended u64
 *      6 promotions   record u64, issuer u16, funder u16, bp u16, budget u64, from u64, until u64
 *      7 epochs       beginning u64     from 1 on
 *      8 terms        issuer u16, funder count u8, epoch u32,
 *                     8 * (funder u16, basis points u16), unused ones zero
 *      9 members      reference 16, enrolled by u16, first standing lot u32,
 *                     last record that touched it u64
 *     10 cards        token 32, member u32
 *     11 earns        record u64, eligible u64, refunded u64, member u32, partner u16, lot count u8
 *     12 lots         terms u32, member u32, earn u32, next in its list u32, quantity u32, points
 *                     pending, remaining, clawed back, expired, transferred u32 each, reversed u32,
 *                     waived u32, expired and counted u32, activates u64, expires u64, record u64,
 *                     vintage u32
 *     13 ended lists  issuer u16, first lot u32
 *     14 holds        record u64, ends u64, member u32, redeemer u16, status u8, committed u32,
 *                     n u32, n * (lot u32, quantity u32)
 *     15 redemptions  record u64, member u32, redeemer u16, epoch u32, n u32,
 *                     n * (lot u32, quantity u32, returned u32)
 *     16 deficits     member u32, claimant u16, points u64     by member, then oldest first
 *     17 obligations  debtor u16, creditor u16, class u8, tariff u8, amount i128
 *                                                              ascending, none zero
 *     18 pairs        debtor u16, creditor u16, redeemed before the open period i128,
 *                     before the calendar year i128     ascending, not both zero
 *     19 apart        debtor u16, creditor u16, tariff u8, money i128     ascending, none zero
 *     20 periods      number u32, state u8, known u8, deadlines 3 * i64, first record u64,
 *                     records u64, root 32, proposer u16, partners n u16, lines m u32,
 *                     redeemed r u32, disputes d u32, payments p u32,
 *                     n * (answer u8, approver 32), m * (debtor u16, creditor u16, class u8,
 *                     tariff u8, amount i128), r * (debtor u16, creditor u16, points i128),
 *                     d * (record u64, debtor u16, creditor u16, class u8, tariff u8, code u8,
 *                     by u16, responded u8, resolved u8, exact i128, upheld i128, contra i128,
 *                     entered i128), p * (state u8, attempt u32, approver 32)     by number
 *     21 keys         record u64, seen u64, key size u16, note size u8, verdict u8, key, note
 *     22 documents    as keys
 *     23 accounts     partner u16, currency 3, which u8 (bits: 1 in force, 2 waiting, 4 pending),
 *                     of each that there is: time u64 (since when, from when on, 0), holder 70,
 *                     IBAN 34, BIC 11, filled up with zeros; of a pending one approver 32
 *                     by partner, then currency
 *     24 risks        partner u16, collateral u64, prepaid u8, exposure i128 and collateral u64
 *                     when it came to that, else zero     by partner, of those that have any
 *     25 vintages     period u32, carried u8, tree known u8, records u64, root 32, n u32,
 *                     n * (funder u16, vintage u32, month of expiry u32, points in each of the
 *                     seven pools i128, ended and unbooked i128)     by period; each has what
 *                     changed since the one before
 *     26 rates        partner u16, currency 3, n u8, n * (day u32, rate u64)
 *                     by partner, then currency; days ascending
 *
 * Integers are big-endian; members, lots, earns and terms are named by their place, from 0, and
 * 2^32 - 1 is none. Times are milliseconds. Rows stand in the order of the log unless noted.
 *
 * Pure. Threads: any, over a state that does not change meanwhile.
 */
#ifndef PARTNERS_STATE_IMAGE_H
#define PARTNERS_STATE_IMAGE_H

#include "crypto/hash.h"
#include "partners/state.h"

enum {
    STATE_IMAGE_VERSION = 6,
    STATE_IMAGE_PIECE_SIZE = 64 * 1024 /* what is given to a sink, or asked of a source, at most */
};

/* Takes the next piece; false (with an error) ends the writing. */
typedef bool state_image_sink(void *context, struct bytes piece, struct error *error);
/* Puts up to `size` bytes at `room`, at least one unless the stream has ended. */
typedef bool state_image_source(void *context, uint8_t *room, size_t size, size_t *size_out,
                                struct error *error);

/* Writes the state, between heights (not between state_begin and state_seal). */
bool state_image_write(const struct state *state, state_image_sink *sink, void *context,
                       struct error *error) MUST_USE;
/* Reads a whole image; the charter is borrowed and must outlive the state. Bytes are hostile:
 * whatever is damaged, contradicts itself or goes on after its end is ERROR_CORRUPT, another
 * coalition ERROR_CONFLICT. What passes can be gone on with. It need not be a state that the ledger
 * ever had: compare state_height and state_digest with what was decided. Memory is taken as rows
 * arrive, at most a few times their size, but for up to 64 MiB of each table and a charter for each
 * amendment. */
bool state_image_read(const struct charter *charter, state_image_source *source, void *context,
                      struct state **state_out, struct error *error) MUST_USE;

/* ---- writing without memory or locks -------------------------------------------------------- */

/* For a forked child: what writing needs is made before the fork. */
struct state_image_writer {
    state_image_sink *sink;
    void *context;
    struct error *error;
    struct hasher hasher;
    uint64_t written; /* bytes given to the sink */
    size_t used;
    bool failed;
    uint8_t piece[STATE_IMAGE_PIECE_SIZE];
};
void state_image_writer_init(struct state_image_writer *writer);
void state_image_writer_release(struct state_image_writer *writer);
/* As state_image_write, once for each init; takes no memory and no lock. */
bool state_image_writer_run(struct state_image_writer *writer, const struct state *state,
                            state_image_sink *sink, void *context, struct error *error) MUST_USE;

#endif
