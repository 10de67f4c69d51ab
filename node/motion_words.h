/* motion_words.h - what a change of the coalition is, said for people.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_MOTION_WORDS_H
#define NODE_MOTION_WORDS_H

#include "protocol/motion.h"

enum { MOTION_WORDS_MAX = 4096 };

/* Names of numbers, where they are known; NULL: not. Texts live as long as what they are of. */
struct motion_names {
    const void *context;
    const char *(*node)(const void *context, uint16_t number);
    const char *(*partner)(const void *context, uint16_t number);
};
struct charter;
struct motion_names motion_names_of_charter(const struct charter *charter);

/* "node fuel leaves", one line without its end. Appended. */
void change_words(const struct change *change, const struct motion_names *names,
                  struct buffer *text_out);
/* The same, with the delay, then a line for each key and limit; each line ends. Appended. */
void motion_words(const struct motion *motion, const struct motion_names *names,
                  struct buffer *text_out);

#endif
