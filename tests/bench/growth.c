#include "bench/growth.h"
#include "bench/coalition_side.h"
bool growth_run(const struct growth_plan *plan, struct error *error)
{
    (void)plan;
    return error_set(error, ERROR_INVALID, "x");
}
