// links: partners
/* Images with contracts: one field after the other is changed and the image sealed again; each is
 * refused for what it is. */
#include "unit/coalition.h"
#include "unit/image_copy.h"

#include "partners/state_image_parts.h"
#include "partners/state_parts.h"

enum { A, B, M1 = 1 };

/* ---- a ledger -------------------------------------------------------------------------------- */

static void done(struct driver *driver, uint16_t lane, struct transaction t)
{
    CHECK_TEXT(verdict_word(driver_apply(driver, lane, &t)), "accepted");
}

static void agree(struct driver *driver)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    t.body.deal.card = (struct rate_card){.funder = {A},
                                          .redeemer = {B},
                                          .face_currency = "EUR",
                                          .settlement_currency = "SEK",
                                          .face = {10000},
                                          .reimbursement = {70000},
                                          .from_ms = state_time_ms(driver->state) + 1};
    struct hash digest = rate_card_digest(&t.body.deal.card);
    done(driver, A, t);
    t = (struct transaction){.type = TRANSACTION_CONTRACT_SIGN};
    t.body.deal.digest = digest;
    done(driver, B, t);
    t = (struct transaction){.type = TRANSACTION_PROMOTION_SIGN};
    t.body.deal.promotion = (struct promotion){.issuer = {A}, .bp = 5000, .budget = {10}};
    done(driver, B, t);
    driver_pass(driver, 1);
}

/* A lot and a redemption of each epoch, in one month; another redemption in the next. */
static struct driver *open_ledger(void)
{
    struct coalition_spec spec = {
        .names = {"anna", "bert", "cleo"}, .face = "10000", .reimbursement = "9000"};
    struct charter *draft = coalition_draft(&spec);
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currencies[0] = (struct charter_currency){"SEK", 2, {0}};
    draft->contracts.currency_count = 1;
    struct driver *driver = driver_open(coalition_found(draft));
    struct transaction joint = tx_earn(M1, 20);
    joint.body.earn.lots[0].split =
        (struct funding_split){.count = 2, .funders = {{{A}, 5000}, {{B}, 5000}}};
    done(driver, A, tx_enrol(M1));
    done(driver, A, tx_earn(M1, 50));
    done(driver, B, tx_redeem(M1, 50));
    agree(driver);
    done(driver, A, joint);
    done(driver, B, tx_redeem(M1, 10));
    driver_pass(driver, 31 * DAY_MS);
    done(driver, B, tx_redeem(M1, 5));
    driver_seal(driver);
    return driver;
}

/* ---- places in an image ---------------------------------------------------------------------- */

static size_t row_size(enum image_section section)
{
    static const size_t sizes[] = {0,
#define X(name, word, size, most) size,
                                   STATE_IMAGE_SECTIONS(X)
#undef X
    };
    return sizes[section];
}

/* The first row of a section, none before the periods having more parts than one. */
static uint8_t *first_row(struct buffer *image, enum image_section section)
{
    uint8_t *at = image->at + IMAGE_HEADER_SIZE;
    for (int i = SECTION_BEFORE_FIRST + 1;; i++) {
        uint64_t rows = get_u64be(at + 4);
        size_t part = i == SECTION_REDEMPTIONS ? REDEMPTION_PART_SIZE : 0;
        REQUIRE(get_u32be(at) == (uint32_t)i);
        at += IMAGE_SECTION_HEAD_SIZE;
        if (i == (int)section) {
            REQUIRE(rows > 0);
            return at;
        }
        at += rows * (row_size((enum image_section)i) + part);
    }
}

/* ---- cases ----------------------------------------------------------------------------------- */

static const struct edit {
    enum image_section section;
    size_t row, offset;
    uint8_t becomes; /* that byte */
    const char *why;
} edits[] = {
    {SECTION_TARIFFS, 0, 0, 'X', "its currency or taxes are not the charter's"},
    {SECTION_TARIFFS, 0, 4, 'A', "its currency or taxes are not the charter's"},
    {SECTION_CONTRACTS, 0, 9, 9, "it is none that could be proposed or signed"},  /* proposer */
    {SECTION_CONTRACTS, 0, 10, 3, "it is none that could be proposed or signed"}, /* state */
    {SECTION_CONTRACTS, 0, 11, 0, "it is none that could be proposed or signed"}, /* tariff */
    {SECTION_CONTRACTS, 0, 0, 1, "its records are not in order"},
    {SECTION_CONTRACTS, 0, 63, 'A', "it is none that could be proposed or signed"}, /* a tax */
    {SECTION_CONTRACTS, 0, 118, 0xff,
     "it is none that could be proposed or signed"},                               /* exit days */
    {SECTION_CONTRACTS, 0, 127, 1, "it is none that could be proposed or signed"}, /* ended */
    {SECTION_PROMOTIONS, 0, 9, B, "it is none that could be signed"},
    {SECTION_PROMOTIONS, 0, 0, 1, "its records are not in order"},
    {SECTION_PROMOTIONS, 0, 21, 9, "a budget is overdrawn"},
    {SECTION_EPOCHS, 0, 7, 0xff, "epochs or tariffs are not those of what was signed"},
    {SECTION_TERMS, 0, 6, 2, "its epoch is yet to come"},
    {SECTION_TERMS, 1, 6, 0, "its funders may not pay for it"}, /* before the promotion */
    {SECTION_REDEMPTIONS, 0, 17, 2, "its epoch is out of order"},
    {SECTION_REDEMPTIONS, 0, 17, 1, NULL}, /* as if it had been redeemed later: it could be */
    {SECTION_OBLIGATIONS, 0, 5, 2, "it has no debtor, creditor, class or tariff"},
    {SECTION_OBLIGATIONS, 0, 5, 0, "redemption obligations do not add up"},
    {SECTION_OBLIGATIONS, 0, 21, 1, "redemption obligations do not add up"},
    {SECTION_PAIRS, 0, 1, B, "it has no debtor or creditor"},
    {SECTION_PAIRS, 0, 4, 0x80, "its points are out of range"},
    {SECTION_PAIRS, 0, 20, 0x80, "its points are out of range"},
    {SECTION_APART, 0, 4, 2, "it has no debtor, creditor or tariff"},
    {SECTION_APART, 0, 4, 1, "it has no debtor, creditor or tariff, or is out of order"},
    {SECTION_APART, 0, 5, 0x7f, "its amount is out of range"},
    {SECTION_APART, 0, 20, 1, "redemption obligations do not add up"},
    {SECTION_APART, 1, 4, 0, "it has no debtor, creditor or tariff, or is out of order"},
};

static void check_edit(struct driver *driver, const struct buffer *image, const struct edit *edit)
{
    struct buffer changed;
    struct state *copy = NULL;
    struct error error = {0};
    size_t part = edit->section == SECTION_REDEMPTIONS ? REDEMPTION_PART_SIZE : 0;
    buffer_init(&changed, IMAGE_LIMIT);
    buffer_append(&changed, buffer_bytes(image));
    uint8_t *at = first_row(&changed, edit->section) +
                  edit->row * (row_size(edit->section) + part) + edit->offset;
    CHECK(*at != edit->becomes);
    *at = edit->becomes;
    image_seal(changed.at, changed.size);
    bool read = image_read(driver->charter, buffer_bytes(&changed), &copy, &error);
    if (read != (edit->why == NULL) || (edit->why && !strstr(error.text, edit->why)))
        printf("section %d, byte %zu: %s\n", (int)edit->section, edit->offset,
               read ? "read" : error.text);
    CHECK(read == (edit->why == NULL));
    CHECK(!edit->why || strstr(error.text, edit->why));
    state_close(copy);
    buffer_release(&changed);
}

CASE(what_contradicts_contracts_is_refused)
{
    struct driver *driver = open_ledger();
    struct buffer image;
    struct state *copy = NULL;
    struct error error = {0};
    buffer_init(&image, IMAGE_LIMIT);
    image_of(driver->state, &image);
    REQUIRE(image_read(driver->charter, buffer_bytes(&image), &copy, &error));
    CHECK(state_check(copy, &error));
    state_close(copy);
    for (size_t i = 0; i < ARRAY_SIZE(edits); i++)
        check_edit(driver, &image, &edits[i]);
    buffer_release(&image);
    driver_close(driver);
}

CASE(what_is_held_counts_after_an_image_as_before)
{
    struct driver *driver = open_ledger();
    struct buffer image;
    struct state *copy = NULL;
    struct error error = {0};
    driver_pass(driver, 1);
    done(driver, B, tx_hold(M1, 3, 0));
    driver_seal(driver);
    buffer_init(&image, IMAGE_LIMIT);
    image_of(driver->state, &image);
    REQUIRE(image_read(driver->charter, buffer_bytes(&image), &copy, &error));
    struct redeemed_cell cell =
        obligations_redeemed(&copy->obligations, (struct partner_id){A}, (struct partner_id){B});
    CHECK_INT(cell.held_bp, 3 * 5000);
    CHECK(state_check(copy, &error));
    state_close(copy);
    buffer_release(&image);
    driver_close(driver);
}

int main(void)
{
    RUN(what_contradicts_contracts_is_refused);
    RUN(what_is_held_counts_after_an_image_as_before);
    return check_report();
}
