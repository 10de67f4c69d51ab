/* directed.h - attacks that no seed would find by chance: each is played on one replica, by hand.
 */
#ifndef SIM_DIRECTED_H
#define SIM_DIRECTED_H

/* Plays the scenario of that name, or "all"; 0 when every check held, 2 for an unknown name. */
int directed_play(const char *name);
#endif
