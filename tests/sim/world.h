/* world.h - a whole coalition in one process: nodes, their disks and clocks, a lossy network,
 * liars, clients, and the checks that run at every step. Everything follows from one seed.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "node/replica.h"
#include "partners/charter_policy.h"
#include "protocol/motion.h"
#include "sim/disk.h"

enum {
    SIM_NODES_MAX = 52,
    SIM_DRAWN_MAX = 7, /* founders that a seed draws; directed scenarios have more */
    SIM_KEYS_MAX = 32,
    SIM_TEXT = 400
};
#define WORLD_START_MS UINT64_C(1800000000)

/* What a seed plays: drawn from it, so that a failing seed replays alone. */
struct scenario {
    uint64_t seed;
    size_t nodes;          /* with those that may join */
    size_t joiners;        /* of `nodes`, the last ones: no founders, a motion may admit them */
    bool motions;          /* the coalition changes */
    size_t liars;          /* at most f */
    uint32_t lie_kinds;    /* bits of enum lie */
    uint32_t loss, repeat; /* of 1,000 messages */
    uint32_t delay_ms, slow_write_ms;
    uint32_t skew_ms;
    bool partitions, crashes, wipes;
    bool liars_go_on;        /* after the network healed, too */
    size_t observers;        /* of the founders, the last ones: they write lanes, do not vote */
    uint64_t crash_at_write; /* node 0 crashes when it has given out so many groups; 0: never */
    uint32_t crash_kept;     /* of 1,000: that the group in flight is there after a crash */
    uint64_t away_ms;        /* node 0 is away from the beginning for so long; 0: it is not */
    bool clock_jumps;
    bool no_new_work;    /* nothing but what was promised has to bring it to an end */
    uint64_t trouble_ms; /* until then; afterwards the network heals */
    uint64_t heal_ms;    /* and so long it may take to agree */
    uint32_t submits;    /* transactions in the time of trouble */
    uint32_t timeout_ms;
    bool snapshots;   /* are made; the last node, an observer, comes late and begins with one */
    uint64_t late_ms; /* when it comes */
    bool settles;     /* a settlement day ends in the time of trouble */
    bool deals;       /* partners agree on contracts and promotions */
};

enum lie {
    LIE_EQUIVOCATE = 1, /* two proposals for one round */
    LIE_DOUBLE_VOTE = 2,
    LIE_FORK_LANE = 4,
    LIE_FORGE = 8, /* junk signatures in others' names, junk bytes */
    LIE_SILENT = 16,
    LIE_WITHHOLD = 32,     /* batches */
    LIE_SPLIT = 64,        /* another batch in the same place for each peer */
    LIE_BOGUS = 128,       /* proposals that name batches that nobody has */
    LIE_FLOOD = 256,       /* forks of its own lane, by the dozen */
    LIE_POISON = 512,      /* decisions that nobody took */
    LIE_CLAIM = 1024,      /* statuses of heights and votes that do not exist */
    LIE_FAR = 2048,        /* votes for far rounds */
    LIE_COSIGN = 4096,     /* wrong roots, old sizes, other nodes' cosignatures as they were */
    LIE_COSIGN_FAR = 8192, /* with LIE_COSIGN: sizes that never come, too */
    LIE_DRAWN = 4095 /* at once; cosigning is drawn apart, so that older seeds play as they did */
};

enum event_kind {
    EVENT_MESSAGE,
    EVENT_DURABLE,
    EVENT_TICK,
    EVENT_SUBMIT,
    EVENT_CRASH,
    EVENT_START,
    EVENT_PARTITION,
    EVENT_WIPE,
    EVENT_ATTACK,
    EVENT_MOTION
};
struct event {
    uint64_t at_ms, order;
    enum event_kind kind;
    uint16_t node, from;
    uint32_t life; /* of the node: events of an earlier life are void */
    uint64_t number;
    struct bytes bytes; /* owned: a message, or the group that becomes durable */
};

/* Images outlive crashes, and the disk itself: a start may find one of a height that was lost. */
enum { SIM_IMAGES_KEPT = 4 };
struct sim_image {
    uint64_t height; /* 0: none */
    struct buffer state, place;
};

/* As files: they outlive crashes. */
enum { SIM_SNAPSHOTS_KEPT = 3 };
struct sim_snapshot {
    struct snapshot_name name; /* height 0: none */
    struct buffer bytes, hashes;
};

struct sim_node {
    struct replica *replica; /* NULL: down */
    struct replica *history; /* NULL: none is lacking */
    struct signing_key *key, *cosigner_key;
    struct signing_key *next_key, *next_cosigner_key; /* of a change that is on its way, or NULL */
    uint8_t generation;                               /* of its keys */
    struct signing_key *own[SIM_KEYS_MAX];            /* all that it ever had */
    size_t own_count;
    bool suspended, joins; /* as some honest node has it */
    uint64_t ready_ms;     /* not before: to say that it is ready */
    struct disk disk;
    uint32_t life;
    int64_t skew_ms;
    uint32_t write_ms;
    bool liar, retired;
    bool wiped;        /* its key may sign what it signed before its disk was lost */
    bool lost;         /* its disk was, once */
    uint16_t side;     /* of a partition */
    uint64_t height;   /* last seen executed */
    uint64_t cosigned; /* the largest size that it ever said it cosigned */
    uint64_t writes;
    size_t accused;       /* pieces of evidence that were looked at in this life */
    struct bytes writing; /* the group in flight: lost, or not, when it crashes now */
    struct bytes history_writing;
    struct sim_snapshot snapshots[SIM_SNAPSHOTS_KEPT], part;
    uint64_t began; /* height of the snapshot that it began with, while its history is not whole */
    bool reopens;
    struct replica_snapshots files;
    struct sim_image images[SIM_IMAGES_KEPT];
    size_t image_count; /* ever: the place of the next one modulo SIM_IMAGES_KEPT */
};

struct promise { /* what a client was told */
    char key[32];
    uint16_t node;
    bool durable, decided;
    enum verdict verdict;
    uint64_t index;
};

/* What an honest key has signed: it must never sign a second claim in the same place, for that is
 * what evidence against a liar looks like. */
struct claim {
    uint64_t place; /* hash of node, kind, height or sequence, round; 0: free */
    struct hash claim;
};
enum { CLAIMS_SIZE = 1 << 15 };

struct sim_motion { /* membership.c: the one that is on its way */
    bool open;
    struct change change;
    char partner_name[32], node_name[32]; /* what the change borrows */
    struct buffer body;
    size_t promise, waited;
};

struct sealed { /* what the first honest node made of a height */
    uint64_t height, records;
    struct hash digest, root;
};

struct world {
    struct scenario scenario;
    struct charter *charter;
    uint64_t now_ms;
    uint64_t random, image_random; /* images must not change what else a seed plays */
    struct sim_node nodes[SIM_NODES_MAX];
    struct event *events;
    size_t event_count, event_capacity;
    uint64_t event_order;
    bool healed;
    struct promise *promises;
    size_t promise_count, promise_capacity;
    struct sealed *sealed;
    size_t sealed_count, sealed_capacity;
    struct claim claims[CLAIMS_SIZE];
    struct message *scratch;
    struct member_ref members[16];
    size_t member_count;
    bool failed;
    char why[SIM_TEXT];
    bool verbose;
    uint64_t messages, message_bytes;
    uint64_t evidence[EVIDENCE_KIND_MAX + 1]; /* pieces seen at honest nodes, by kind */
    struct sim_motion motion;
    uint8_t governance[PARTNERS_MAX];      /* generation of each partner's key, in force */
    uint64_t changes[CHANGE_KIND_MAX + 1]; /* that took effect, by kind */
    uint64_t charter_from;                 /* of the newest charter that was counted */
    uint64_t returned;                     /* nodes that lost their disk and vote again */
    uint64_t snapshots, joined, whole;     /* made; starts from one; histories that became whole */
    uint64_t resumed, refused;             /* starts from an image, and images that were refused */
    uint64_t periods[PERIOD_SETTLED + 1];  /* that ended, by what became of them */
    uint64_t accounts, accounts_wait;      /* that money goes to at the end, or will */
    uint64_t covered, stopped;             /* partners at the end: by collateral, for want of it */
    uint64_t disputes, defaults;
    /* Contracts that were signed, and ended, promotions that paid, epochs and tariffs that came of
     * it. */
    uint64_t contracts, ended, promoted, epochs, tariffs;
    uint64_t back_ms, caught_up_ms, caught_up_height; /* of a node that was away */
};

uint64_t sim_random(struct world *world);
uint32_t sim_below(struct world *world, uint32_t bound);
bool sim_chance(struct world *world, uint32_t of_thousand);
void world_fail(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3);

struct scenario scenario_of(uint64_t seed);
struct charter *world_charter(struct world *world); /* its first */
/* Plays one scenario; false when a check failed, with the reason in world->why. */
bool world_play(struct world *world, const struct scenario *scenario);
void world_release(struct world *world);
void world_post(struct world *world, uint16_t from, uint16_t to, struct bytes message);
void world_restart(struct world *world, uint16_t number); /* a node that is down, soon */

/* images.c: sometimes keeps an image of what a node has just executed. */
void images_keep(struct world *world, uint16_t number);
/* Sometimes begins with an image, which may be damaged or of a height that the disk lost, and then
 * compares with a replay of everything. NULL: go on without. */
struct replica *images_open(struct world *world, uint16_t number,
                            const struct replica_config *config, uint64_t now_ms);
/* The same with every image that a node has; its own replica does not take part. */
void images_check_end(struct world *world, uint16_t number, const struct replica_config *config);
void images_release(struct sim_node *node);

/* snapshots.c: what is in the files of node/snapshot_file.h. */
bool snapshots_read(void *context, uint64_t height, uint64_t piece, struct buffer *out);
void snapshots_make(struct world *world, uint16_t number);
void snapshots_piece(struct sim_node *node, const struct replica_action *action);
void snapshots_fetched(struct world *world, uint16_t number, const struct snapshot_name *name);
/* From the one that the store began with, with its history; NULL: it began with none. */
struct replica *snapshots_open(struct world *world, uint16_t number,
                               const struct replica_config *config, uint64_t now_ms);
void snapshots_tell(struct sim_node *node);
void snapshots_history(struct world *world, uint16_t number);
void snapshots_check_end(struct world *world, uint16_t number, const struct replica_config *config);
void snapshots_release(struct sim_node *node);

/* chance.c: splitmix64. */
/* liar.c: what a liar's message becomes on its way to `to`. */
void liar_send(struct world *world, uint16_t from, uint16_t to, struct bytes bytes);
/* attack.c: what a liar sends of its own accord. */
enum { ATTACK_EVERY_MS = 40 };
void attack(struct world *world, uint16_t from);
/* load.c: one transaction of a random kind at `node`. */
void load_submit(struct world *world, uint16_t number);
/* settle.c: a step of the settlement day that has ended; false: none has, or it is not its turn. */
bool settle_draw(struct world *world, uint16_t number, struct transaction *transaction);
void settle_count(struct world *world); /* at the end */
/* deal.c: the charter's part on contracts; a step towards a contract or a promotion, false: none at
 * this time; another partner's share of an earn. */
void deal_charter(const struct scenario *scenario, struct charter *charter);
bool deal_draw(struct world *world, uint16_t number, struct transaction *transaction);
void deal_split(struct world *world, uint16_t number, struct funding_split *split);
void deal_count(struct world *world); /* at the end */
/* This one; returns the number of the promise that its answers fulfil, from 1. */
size_t load_send(struct world *world, uint16_t number, struct transaction *transaction,
                 const char *key);

/* membership.c: keys by node and generation, changes, and what a node does to become a voter. */
void membership_first_keys(struct world *world, uint16_t number);
void membership_charter_node(const struct world *world, struct charter *charter, uint16_t number);
void membership_step(struct world *world);
void membership_tick(struct world *world, uint16_t number);
/* The charter in force where honest nodes are furthest. */
const struct charter *membership_now(const struct world *world);
bool membership_takes_part(const struct world *world, uint16_t number);
void membership_check_height(struct world *world, uint16_t number, uint64_t height);
void membership_check_charter(struct world *world, uint16_t number);
bool membership_settled(const struct world *world, uint16_t number, char *why, size_t why_size);
/* Replays a node's log with a second, naive model; fails the world where they differ. */
void load_check_balances(struct world *world, uint16_t number);

#endif
