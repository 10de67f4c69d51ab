/* limits.h - every maximum of the protocol, with its reason. Values that a charter may lower are
 * the ceilings of what it may say (partners/charter.h).
 */
#ifndef PROTOCOL_LIMITS_H
#define PROTOCOL_LIMITS_H

enum {
    FORMAT_VERSION = 1,

    PARTNERS_MAX = 1024, /* a coalition of 200 shops with room; bitmaps stay small */
    NODES_MAX = 256,     /* lanes and observers */
    VOTERS_MAX = 64,     /* votes a round: 2 * 64; one 64-bit mask tells who voted */

    RECORD_SIZE_MAX = 65535,            /* tlog-tiles entry bundle: u16 length */
    TRANSACTION_SIZE_MAX = 16 * 1024,   /* leaves a record room for its effects */
    BATCH_PAYLOAD_MAX = 1024 * 1024,    /* 1 MiB: one frame burst, one signature */
    BATCH_TRANSACTIONS_MAX = 16 * 1024, /* bounds the walk to a transaction in its batch */
    BATCH_SIZE_MAX = BATCH_PAYLOAD_MAX + 1024,
    CUT_PAYLOAD_MAX = 16 * 1024 * 1024, /* what one height may execute */
    CUT_EFFECTS_MAX = 24 * 1024 * 1024, /* then lanes get twice their payload: state_apply() */
    CUT_SIZE_MAX = 64 * 1024,           /* NODES_MAX heads of about 45 bytes, evidence, digests */
    LANE_BATCHES_PER_CUT_MAX = 256,     /* bounds the descent to a lane's last decided head */
    LANE_BRANCH_MAX = 1024,             /* undecided batches kept a lane, forks included */
    MESSAGE_SIZE_MAX = 2 * 1024 * 1024, /* a batch, or a proposal with its proof */
    EVIDENCE_PER_CUT_MAX = 8,

    KEY_SIZE_MAX = 64,       /* idempotency key: a UUID or a till's own number */
    DOCUMENT_SIZE_MAX = 64,  /* receipt or order number */
    TEXT_SIZE_MAX = 200,     /* reason, approver */
    NAME_SIZE_MAX = 63,      /* of a partner or a node: [a-z0-9-], a letter first */
    ADDRESS_SIZE_MAX = 255,  /* of a node: tcp://HOST:PORT */
    TRANSPORT_KEY_SIZE = 65, /* a P-256 point, SEC 1 uncompressed */
    EARN_LOTS_MAX = 16,
    SPLIT_MAX = 8,          /* funders of one lot */
    EXPIRE_LOTS_MAX = 64,   /* lots booked by one record */
    TARIFFS_MAX = 64,       /* different (currency, taxes) of all contracts: rows of what is owed */
    ALLOCATIONS_MAX = 1024, /* allocations of one record after coalescing */
    CODEC_DEPTH_MAX = 8,    /* nesting that a decoder follows */
    CODEC_ITEMS_MAX = 65536, /* elements of one array */

    ROUND_MAX = 100000, /* rounds of one height; at 60 s each, two months of halt */
};

/* Points of one record, and micro-units (1e-6) a point: so that quantity * price * 10,000 bp stays
 * within 63 bits (1e8 * 9e6 * 1e4 = 9e18). */
#define POINTS_PER_RECORD_MAX INT64_C(100000000)
#define PRICE_MICRO_MAX       INT64_C(9000000)
/* Of what one unit of a currency is worth in another, in micro-units. */
#define RATE_MICRO_MAX INT64_C(1000000000000)
/* Milliseconds since 1970: up to the year 9999, so that every time prints in RFC 3339. */
#define TIME_MS_MAX  UINT64_C(253402300799999)
#define BASIS_POINTS 10000

#endif
