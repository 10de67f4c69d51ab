/* What partners stand for, and with which collateral: do the state and the second model tell the
 * same? */
#include "node/audit_parts.h"

static struct audit_text risk_text(uint16_t partner, __int128 points_bp, int64_t price,
                                   int64_t collateral, int mode)
{
    return audit_text("partner %u: %lld points at %lld millionths, collateral %lld, mode %d",
                      partner, (long long)(points_bp / BASIS_POINTS), (long long)price,
                      (long long)collateral, mode);
}

static bool entries_agree(uint16_t partner, const struct naive_risk *own, const struct risk *found,
                          struct audit_text *expected_out, struct audit_text *found_out)
{
    *expected_out = audit_text("partner %u pays in advance from %lld on", partner,
                               (long long)own->collateral_then);
    *found_out = audit_text("%lld", (long long)found->entry_collateral.v);
    return own->exposure_then == found->entry_exposure.v &&
           own->collateral_then == found->entry_collateral.v;
}

bool audit_risks_agree(const struct state *state, const struct naive *model,
                       struct audit_text *expected_out, struct audit_text *found_out)
{
    size_t partners = state_charter(state)->risk.on ? state_charter(state)->partner_count : 0;
    bool same = true;
    for (uint16_t i = 0; i < partners && same; i++) {
        struct naive_risk own = naive_risk_of(model, i);
        const struct risk *found = state_risk(state, (struct partner_id){i});
        *expected_out = risk_text(i, own.outstanding, own.price, own.collateral, (int)own.mode);
        *found_out = risk_text(i, found->outstanding_bp, found->price.v, found->collateral.v,
                               (int)found->mode);
        same = own.outstanding == found->outstanding_bp && own.price == found->price.v &&
               own.collateral == found->collateral.v && (int)own.mode == (int)found->mode &&
               entries_agree(i, &own, found, expected_out, found_out);
    }
    return same;
}
