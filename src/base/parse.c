#include "base/parse.h"

#include <errno.h>

/* Digits only: strtoull would accept signs and blanks. */
static bool parse_digits(const char *text, const char **ret_end, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (value > (UINT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t)(*p - '0');
    }
    if (p == text)
        return false;
    *ret_end = p;
    *ret_value = value;
    return true;
}

bool parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret_value)
{
    const char *end;
    uint64_t value;
    if (!parse_digits(text, &end, &value) || *end || value < min || value > max)
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

bool parse_duration(const char *text, uint64_t *ret_ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1},
                 {"s", 1000},
                 {"m", 60 * 1000},
                 {"h", 60 * 60 * 1000},
                 {"d", 24 * 60 * 60 * 1000}};
    const uint64_t year_ms = 366ull * 24 * 60 * 60 * 1000;
    const char *end;
    uint64_t value;
    if (!parse_digits(text, &end, &value))
        return false;
    if (!*end && value == 0) {
        *ret_ms = 0;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcmp(end, units[i].unit) == 0 && value <= year_ms / units[i].ms) {
            *ret_ms = value * units[i].ms;
            return true;
        }
    return false;
}

/* `2%`, `0.5%`, `0.25%`: at most two digits after the point. */
static bool parse_percent(const char *text, uint32_t *ret_permyriad)
{
    const char *end;
    uint64_t whole;
    if (!parse_digits(text, &end, &whole) || whole > 100)
        return false;
    uint64_t permyriad = whole * 100;
    if (*end == '.') {
        uint64_t scale = 10;
        for (end++; *end >= '0' && *end <= '9' && scale; end++, scale /= 10)
            permyriad += (uint64_t)(*end - '0') * scale;
    }
    if (strcmp(end, "%") != 0 || permyriad > 10000)
        return false;
    *ret_permyriad = (uint32_t)permyriad;
    return true;
}

bool parse_share(const char *text, struct share *ret_share)
{
    struct share share = {0};
    if (parse_percent(text, &share.permyriad))
        share.is_share = true;
    else if (!parse_u32(text, 0, UINT32_MAX - 1, &share.count))
        return false;
    *ret_share = share;
    return true;
}

uint32_t share_of(const struct share *share, uint32_t whole)
{
    if (!share->is_share)
        return share->count;
    return (uint32_t)((uint64_t)whole * share->permyriad / 10000);
}

/* Digits with at most two after a point, and perhaps an `x`. */
static bool parse_factor(const char *text, double *ret_factor)
{
    enum { MOST = 1000 };
    char whole[8];
    size_t len = strspn(text, "0123456789"), decimals = 0;
    uint32_t number, hundredths = 0;
    if (!len || len >= sizeof whole)
        return false;
    snprintf(whole, sizeof whole, "%.*s", (int)len, text);
    const char *rest = text + len;
    if (*rest == '.') {
        decimals = strspn(++rest, "0123456789");
        if (!decimals || decimals > 2)
            return false;
        hundredths = (uint32_t)(rest[0] - '0') * 10;
        if (decimals == 2)
            hundredths += (uint32_t)(rest[1] - '0');
    }
    rest += decimals;
    if (*rest == 'x')
        rest++;
    if (*rest || !parse_u32(whole, 1, MOST, &number))
        return false;
    *ret_factor = number + hundredths / 100.0;
    return true;
}

bool parse_forecast_limit(const char *text, struct forecast_limit *ret_limit)
{
    struct forecast_limit limit = {0};
    if (!parse_factor(text, &limit.factor) && (!parse_duration(text, &limit.ms) || !limit.ms))
        return false;
    *ret_limit = limit;
    return true;
}
