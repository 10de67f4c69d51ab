/* plot.h - panels of lines over one logarithmic axis, as SVG. Threads: none. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <stddef.h>
#include <stdio.h>

enum { PLOT_PANELS_MAX = 6, PLOT_POINTS_MAX = 16 };

struct plot {
    const char *title, *x; /* of the axis */
    double at[PLOT_POINTS_MAX];
    size_t point_count, panel_count;
    struct {
        const char *name;
        double values[PLOT_POINTS_MAX]; /* from 0 up */
    } panels[PLOT_PANELS_MAX];
};

void plot_write(const struct plot *plot, FILE *out);

#endif
