#include "partners/charter_limits.h"

#define DAY_MS UINT64_C(86400000)
#define KIB    UINT64_C(1024)
#define MIB    (KIB * KIB)

struct limit_range charter_limit_range(enum limit_number limit)
{
    switch (limit) {
    /* A batch must take the largest transaction. */
    case LIMIT_BATCH_BYTES:
        return (struct limit_range){TRANSACTION_SIZE_MAX + KIB, BATCH_PAYLOAD_MAX,
                                    BATCH_PAYLOAD_MAX};
    case LIMIT_CUT_BYTES:
        return (struct limit_range){TRANSACTION_SIZE_MAX + KIB, CUT_PAYLOAD_MAX, CUT_PAYLOAD_MAX};
    case LIMIT_LANE_CUT_BYTES:
        return (struct limit_range){TRANSACTION_SIZE_MAX + KIB, CUT_PAYLOAD_MAX, 4 * MIB};
    case LIMIT_LANE_DAY_BYTES:
        return (struct limit_range){MIB, INT64_MAX, 16 * KIB * MIB};
    case LIMIT_ALLOCATIONS:
        return (struct limit_range){1, ALLOCATIONS_MAX, ALLOCATIONS_MAX};
    case LIMIT_HEARTBEAT_MS:
        return (struct limit_range){100, DAY_MS, 60000};
    case LIMIT_TIMEOUT_MS:
        return (struct limit_range){10, 60000, 1000};
    case LIMIT_TIMEOUT_DELTA_MS:
        return (struct limit_range){1, 60000, 500};
    case LIMIT_SNAPSHOT_RECORDS: /* 0: none is ever made */
        return (struct limit_range){0, INT64_MAX, CHARTER_SNAPSHOT_RECORDS};
    }
    must(!"a limit outside its table");
}

uint64_t charter_limit(const struct charter *charter, enum limit_number limit)
{
    switch (limit) {
    case LIMIT_BATCH_BYTES:
        return charter->limits.batch_bytes;
    case LIMIT_CUT_BYTES:
        return charter->limits.cut_bytes;
    case LIMIT_LANE_CUT_BYTES:
        return charter->limits.lane_cut_bytes;
    case LIMIT_LANE_DAY_BYTES:
        return charter->limits.lane_day_bytes;
    case LIMIT_ALLOCATIONS:
        return charter->limits.allocations;
    case LIMIT_HEARTBEAT_MS:
        return charter->limits.heartbeat_ms;
    case LIMIT_TIMEOUT_MS:
        return charter->limits.timeout_ms;
    case LIMIT_TIMEOUT_DELTA_MS:
        return charter->limits.timeout_delta_ms;
    case LIMIT_SNAPSHOT_RECORDS:
        return charter->limits.snapshot_records;
    }
    must(!"a limit outside its table");
}

void charter_limit_set(struct charter *charter, enum limit_number limit, uint64_t value)
{
    switch (limit) {
    case LIMIT_BATCH_BYTES:
        charter->limits.batch_bytes = (uint32_t)value;
        return;
    case LIMIT_CUT_BYTES:
        charter->limits.cut_bytes = (uint32_t)value;
        return;
    case LIMIT_LANE_CUT_BYTES:
        charter->limits.lane_cut_bytes = (uint32_t)value;
        return;
    case LIMIT_LANE_DAY_BYTES:
        charter->limits.lane_day_bytes = value;
        return;
    case LIMIT_ALLOCATIONS:
        charter->limits.allocations = (uint32_t)value;
        return;
    case LIMIT_HEARTBEAT_MS:
        charter->limits.heartbeat_ms = (uint32_t)value;
        return;
    case LIMIT_TIMEOUT_MS:
        charter->limits.timeout_ms = (uint32_t)value;
        return;
    case LIMIT_TIMEOUT_DELTA_MS:
        charter->limits.timeout_delta_ms = (uint32_t)value;
        return;
    case LIMIT_SNAPSHOT_RECORDS:
        charter->limits.snapshot_records = value;
        return;
    }
}

bool charter_limits_fit(const struct charter *charter)
{
    return charter->limits.batch_bytes <= charter->limits.lane_cut_bytes &&
           charter->limits.lane_cut_bytes <= charter->limits.cut_bytes;
}
