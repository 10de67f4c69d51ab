#include "bench/plot.h"

#include <math.h>

enum { WIDTH = 420, HEIGHT = 220, LEFT = 60, RIGHT = 24, TOP = 36, BOTTOM = 36, TITLE = 32 };

static double most(const double *values, size_t count)
{
    double found = 0;
    for (size_t i = 0; i < count; i++)
        found = values[i] > found ? values[i] : found;
    return found > 0 ? found : 1;
}

/* 1, 2 or 5 times a power of ten, not below the value. */
static double round_up(double value)
{
    double power = pow(10, floor(log10(value)));
    static const double steps[] = {1, 2, 5, 10};
    for (size_t i = 0; i < 3; i++)
        if (steps[i] * power >= value)
            return steps[i] * power;
    return 10 * power;
}

static double place(const struct plot *plot, double at)
{
    double first = log10(plot->at[0] > 1 ? plot->at[0] : 1);
    double last = log10(most(plot->at, plot->point_count));
    double share = last > first ? (log10(at > 1 ? at : 1) - first) / (last - first) : 0.5;
    return LEFT + share * (WIDTH - LEFT - RIGHT);
}

static void short_number(double value, char *text, size_t size)
{
    if (value >= 1e6)
        (void)snprintf(text, size, "%.3gM", value / 1e6);
    else if (value >= 1e3)
        (void)snprintf(text, size, "%.3gk", value / 1e3);
    else
        (void)snprintf(text, size, "%.3g", value);
}

static void write_axes(const struct plot *plot, double top, FILE *out)
{
    char text[32];
    for (int i = 0; i <= 2; i++) {
        double y = HEIGHT - BOTTOM - i / 2.0 * (HEIGHT - TOP - BOTTOM);
        short_number(top * i / 2, text, sizeof(text));
        (void)fprintf(out,
                      "<line x1='%d' y1='%.1f' x2='%d' y2='%.1f' class='grid'/>"
                      "<text x='%d' y='%.1f' text-anchor='end'>%s</text>\n",
                      LEFT, y, WIDTH - RIGHT, y, LEFT - 6, y + 4, text);
    }
    for (size_t i = 0; i < plot->point_count; i++) {
        short_number(plot->at[i], text, sizeof(text));
        (void)fprintf(out, "<text x='%.1f' y='%d' text-anchor='middle'>%s</text>\n",
                      place(plot, plot->at[i]), HEIGHT - BOTTOM + 16, text);
    }
    (void)fprintf(out, "<text x='%d' y='%d' text-anchor='end'>%s</text>\n", WIDTH - RIGHT,
                  HEIGHT - 6, plot->x);
}

static void write_panel(const struct plot *plot, size_t number, FILE *out)
{
    const double *values = plot->panels[number].values;
    double top = round_up(most(values, plot->point_count));
    (void)fprintf(out,
                  "<g transform='translate(%d,%d)'>\n<text x='%d' y='20' class='name'>%s</text>\n",
                  (int)(number % 2) * WIDTH, TITLE + (int)(number / 2) * HEIGHT, LEFT,
                  plot->panels[number].name);
    write_axes(plot, top, out);
    (void)fprintf(out, "<polyline points='");
    for (size_t i = 0; i < plot->point_count; i++)
        (void)fprintf(out, "%.1f,%.1f ", place(plot, plot->at[i]),
                      HEIGHT - BOTTOM - values[i] / top * (HEIGHT - TOP - BOTTOM));
    (void)fprintf(out, "'/>\n");
    for (size_t i = 0; i < plot->point_count; i++)
        (void)fprintf(out, "<circle cx='%.1f' cy='%.1f' r='3'/>\n", place(plot, plot->at[i]),
                      HEIGHT - BOTTOM - values[i] / top * (HEIGHT - TOP - BOTTOM));
    (void)fprintf(out, "</g>\n");
}

void plot_write(const struct plot *plot, FILE *out)
{
    int rows = (int)(plot->panel_count + 1) / 2;
    (void)fprintf(out,
                  "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' "
                  "font-family='sans-serif' font-size='11'>\n"
                  "<style>polyline{fill:none;stroke:#2563a8;stroke-width:2}circle{fill:#2563a8}"
                  "text{fill:#444}.name{font-size:13px;fill:#111}.grid{stroke:#ddd}</style>\n"
                  "<rect width='100%%' height='100%%' fill='#fff'/>\n"
                  "<text x='%d' y='22' font-size='15' style='fill:#111'>%s</text>\n",
                  2 * WIDTH, TITLE + rows * HEIGHT, LEFT, plot->title);
    for (size_t i = 0; i < plot->panel_count; i++)
        write_panel(plot, i, out);
    (void)fprintf(out, "</svg>\n");
}
