#include "event/forecast.h"

#include <stdlib.h>

#include "base/arena.h"

static int order_servers(const void *left, const void *right)
{
    const struct forecast_tenant *a = left, *b = right;
    return (a->server > b->server) - (a->server < b->server);
}

void forecast_sort(struct forecast_tenant *tenants, size_t count)
{
    qsort(tenants, count, sizeof *tenants, order_servers);
}

/* The time after which these tenants are done, with so many places: each takes the place that is free first. */
static double work_off(const struct forecast_tenant *tenants, size_t count, uint32_t places)
{
    double end_ms = 0;
    size_t used = places < count ? places : count;
    double *free_at = xcalloc(used + 1, sizeof *free_at);
    for (size_t i = 0; i < count; i++) {
        size_t first = 0;
        for (size_t k = 1; k < used; k++)
            if (free_at[k] < free_at[first])
                first = k;
        free_at[first] += tenants[i].ms;
        end_ms = free_at[first] > end_ms ? free_at[first] : end_ms;
    }
    free(free_at);
    return end_ms;
}

static size_t end_of_server(const struct forecast_tenant *tenants, size_t count, size_t begin)
{
    size_t end = begin;
    while (end < count && tenants[end].server == tenants[begin].server)
        end++;
    return end;
}

void forecast_wave(struct forecast_wave *wave, const struct forecast_tenant *tenants, size_t count)
{
    double sum_ms = 0, longest_ms = 0;
    for (size_t begin = 0, end; begin < count; begin = end) {
        end = end_of_server(tenants, count, begin);
        bool is_limited =
            tenants[begin].server != FORECAST_NO_SERVER && wave->per_server < wave->parallel;
        double ms =
            work_off(tenants + begin, end - begin, is_limited ? wave->per_server : wave->parallel);
        longest_ms = ms > longest_ms ? ms : longest_ms;
        for (size_t i = begin; i < end; i++)
            sum_ms += tenants[i].ms;
    }
    double shared_ms = wave->parallel ? sum_ms / wave->parallel : sum_ms;
    wave->duration_ms = shared_ms > longest_ms ? shared_ms : longest_ms;
}
