/* line_class.h - the classes of what one partner owes another: ledger.md section 8.10.
 *
 * Pure. Threads: any.
 */
#ifndef PROTOCOL_LINE_CLASS_H
#define PROTOCOL_LINE_CLASS_H

/* X(name, number, word): numbers are wire format. What is left of a disputed fee is a class of its
 * own, for it carries the tax of fees. What the books of a period add to them is the tax
 * (partners/lines.h). */
#define LINE_CLASSES(X)                                                                            \
    X(LINE_REDEMPTION, 0, "redemption")                                                            \
    X(LINE_REDEMPTION_CONTRA, 1, "redemption-contra")                                              \
    X(LINE_CLAW_BACK, 2, "claw-back")                                                              \
    X(LINE_ISSUE_FEE, 3, "issue-fee")                                                              \
    X(LINE_REDEMPTION_FEE, 4, "redemption-fee")                                                    \
    X(LINE_NOTE, 5, "note")                                                                        \
    X(LINE_DONATION, 6, "donation")                                                                \
    X(LINE_DISPUTE, 7, "dispute")                                                                  \
    X(LINE_DISPUTE_FEE, 8, "dispute-fee")
enum line_class {
#define X(name, number, word) name = number,
    LINE_CLASSES(X)
#undef X
        LINE_CLASS_COUNT
};
const char *line_class_word(enum line_class line_class);

#endif
