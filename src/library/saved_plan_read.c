/* What the file of a plan says. */
#include "library/saved_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/map.h"
#include "event/standing_place.h"
#include "library/json_line.h"

/* No visit takes a year, and no number beyond has a meaning. */
#define MOST_MS (366.0 * 24 * 3600 * 1000)

/* A plan of a million tenants has less than half. What never ends, as /dev/zero, is none. */
#define PLAN_BYTES_MOST ((size_t)128 * 1024 * 1024)

struct reading {
    struct saved_plan *plan;
    struct map names;      /* of tenants */
    struct json_spot spot; /* what is wrong; no holder: nothing is, or all of it */
    const char *why;
};

/* What is found first is told. */
static bool blame(struct reading *reading, struct json_spot spot, const char *why)
{
    if (!reading->why) {
        reading->spot = spot;
        reading->why = why;
    }
    return false;
}

static bool blame_member(struct reading *reading, json_t *object, const char *key, const char *why)
{
    return blame(reading, json_spot_of(object, key), why);
}

static bool blame_item(struct reading *reading, const json_t *array, size_t index, const char *why)
{
    return blame(reading, (struct json_spot){array, index}, why);
}

/* The texts of an array. False: it is none, or one of its values is no text. */
static bool take_texts(struct reading *reading, json_t *object, const char *key, const char *why,
                       struct texts *ret)
{
    struct arena *arena = &reading->plan->arena;
    const json_t *array = json_object_get(object, key);
    size_t count = json_array_size(array);
    const char **items = arena_calloc(arena, count + 1, sizeof *items);
    *ret = (struct texts){items, count};
    if (!json_is_array(array))
        return blame_member(reading, object, key, why);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (!text)
            return blame_item(reading, array, i, why);
        items[i] = arena_strdup(arena, text);
    }
    return true;
}

/* The checksums of files, by id. False: it is no object, or one of its values is no text. */
static bool take_files(struct reading *reading, json_t *root, const char *key, const char *why,
                       struct saved_plan_files *ret)
{
    struct arena *arena = &reading->plan->arena;
    json_t *object = json_object_get(root, key);
    const char *id;
    json_t *checksum;
    *ret = (struct saved_plan_files){
        .items = arena_calloc(arena, json_object_size(object) + 1, sizeof *ret->items)};
    if (!json_is_object(object))
        return blame_member(reading, root, key, why);
    json_object_foreach(object, id, checksum)
    {
        if (!json_is_string(checksum))
            return blame_member(reading, object, id, why);
        ret->items[ret->count++] = (struct saved_plan_file){
            arena_strdup(arena, id),
            arena_strdup(arena, json_string_value(checksum)),
        };
    }
    return true;
}

/* ---- times ------------------------------------------------------------------------------------- */

static bool is_time(const json_t *value)
{
    double ms = json_number_value(value);
    return json_is_number(value) && isfinite(ms) && ms >= 0 && ms <= MOST_MS;
}

static bool take_time(struct reading *reading, json_t *object, const char *key, double *ret_ms)
{
    const json_t *value = json_object_get(object, key);
    *ret_ms = json_number_value(value);
    return is_time(value) ||
           blame_member(reading, object, key,
                        "'forecast' has a time that is none: milliseconds, from 0 to a year");
}

static bool take_text(struct reading *reading, json_t *object, const char *key, bool may_be_null,
                      const char **ret)
{
    const json_t *value = json_object_get(object, key);
    *ret = arena_strdup(&reading->plan->arena, json_string_value(value));
    return json_is_string(value) || (may_be_null && json_is_null(value)) ||
           blame_member(reading, object, key,
                        "'forecast' has something else where a text should be");
}

static bool take_lock(struct reading *reading, json_t *object, struct saved_plan_forecast *ret)
{
    json_t *lock = json_object_get(object, "longest_lock");
    if (!lock || json_is_null(lock))
        return true;
    if (!json_is_object(lock))
        return blame_member(reading, object, "longest_lock", "'longest_lock' is no lock");
    return take_time(reading, lock, "held_ms", &ret->lock_ms) &&
           take_text(reading, lock, "blocks", false, &ret->lock_blocks) &&
           take_text(reading, lock, "tenant", false, &ret->lock_tenant) &&
           take_text(reading, lock, "table", true, &ret->lock_table);
}

static bool take_written(struct reading *reading, json_t *object, struct saved_plan_forecast *ret)
{
    const json_t *bytes = json_object_get(object, "written_bytes");
    json_int_t count = json_integer_value(bytes);
    ret->written_bytes = (uint64_t)(count > 0 ? count : 0);
    return !bytes || (json_is_integer(bytes) && count >= 0) ||
           blame_member(reading, object, "written_bytes", "'written_bytes' is no number of bytes");
}

static bool take_ledgers(struct reading *reading, json_t *object, struct saved_plan_forecast *ret)
{
    json_t *transaction = json_object_get(object, "longest_transaction");
    if (!json_is_object(transaction))
        return blame_member(reading, object, "longest_transaction",
                            "'longest_transaction' is no transaction");
    return take_text(reading, object, "run", false, &ret->run) &&
           take_time(reading, transaction, "duration_ms", &ret->transaction_ms);
}

/* They are for those who read the file: a run has the waves of its inventory. */
static bool check_waves(struct reading *reading, json_t *object)
{
    static const char why[] = "'forecast' has no 'waves' with their times";
    json_t *waves = json_object_get(object, "waves"), *wave;
    size_t index;
    if (!json_is_array(waves))
        return blame_member(reading, object, "waves", why);
    json_array_foreach(waves, index, wave)
    {
        double ms;
        const char *name;
        if (!json_is_object(wave))
            return blame_item(reading, waves, index, why);
        if (json_integer_value(json_object_get(wave, "tenants")) < 1)
            return blame_member(reading, wave, "tenants", why);
        if (!take_text(reading, wave, "name", false, &name) ||
            !take_time(reading, wave, "duration_ms", &ms) ||
            !take_time(reading, wave, "soak_ms", &ms))
            return false;
    }
    return true;
}

/* As json_forecast writes it. */
static bool take_forecast(struct reading *reading, json_t *root)
{
    struct saved_plan *plan = reading->plan;
    json_t *object = json_object_get(root, "forecast");
    const char *from = json_string_value(json_object_get(object, "from"));
    if (!object)
        return true;
    struct saved_plan_forecast *forecast = arena_calloc(&plan->arena, 1, sizeof *forecast);
    plan->forecast = forecast;
    if (!json_is_object(object))
        return blame_member(reading, root, "forecast", "'forecast' is none");
    bool is_rehearsed = from && strcmp(from, "rehearsal") == 0;
    if (!is_rehearsed && (!from || strcmp(from, "ledger") != 0))
        return blame_member(reading, object, "from",
                            "'forecast' is 'from' neither 'rehearsal' nor 'ledger'");
    return take_time(reading, object, "duration_ms", &forecast->duration_ms) &&
           check_waves(reading, object) &&
           (is_rehearsed
                ? take_lock(reading, object, forecast) && take_written(reading, object, forecast)
                : take_ledgers(reading, object, forecast));
}

/* ---- tenants ----------------------------------------------------------------------------------- */

static bool take_times(struct reading *reading, json_t *standing, struct saved_plan_tenant *tenants,
                       size_t count)
{
    static const char why[] =
        "'standings' has no time for each of its tenants: milliseconds, from 0 to a year, or null";
    const json_t *times = json_object_get(standing, "duration_ms");
    if (!times)
        return true;
    if (!json_is_array(times) || json_array_size(times) != count)
        return blame_member(reading, standing, "duration_ms", why);
    if (!reading->plan->forecast)
        return blame_member(reading, standing, "duration_ms",
                            "it has times of tenants, and no 'forecast' that says from what");
    for (size_t i = 0; i < count; i++) {
        const json_t *time = json_array_get(times, i);
        if (!json_is_null(time) && !is_time(time))
            return blame_item(reading, times, i, why);
        tenants[i].visit_ms = json_is_null(time) ? -1 : json_number_value(time);
    }
    return true;
}

/* The step that a run had left half way. */
static bool take_half(struct reading *reading, json_t *standing, struct rows *rows)
{
    static const char why[] = "'half_done' is no step";
    json_t *half = json_object_get(standing, "half_done");
    const char *revision = json_string_value(json_object_get(half, "revision"));
    const char *direction = json_string_value(json_object_get(half, "direction"));
    json_int_t statements = json_integer_value(json_object_get(half, "statements"));
    json_int_t batches = json_integer_value(json_object_get(half, "batches"));
    if (!half)
        return true;
    bool is_way = direction && (strcmp(direction, "up") == 0 || strcmp(direction, "down") == 0);
    if (!rows->is_known || !revision || !is_way || statements < 0 || statements > UINT32_MAX ||
        batches < 0 || !json_is_integer(json_object_get(half, "statements")))
        return blame_member(reading, standing, "half_done", why);
    const struct half_step step = {
        .revision = revision,
        .direction = strcmp(direction, "up") == 0 ? DIRECTION_UP : DIRECTION_DOWN,
        .statements = (uint32_t)statements,
        .batches = (uint64_t)batches,
    };
    *rows = standing_place(&reading->plan->arena, rows, &step);
    return true;
}

/* Those that stood at one place. */
static bool take_standing(struct reading *reading, json_t *standing, size_t *capacity)
{
    static const char why[] = "'standings' does not name revisions and tenants";
    struct saved_plan *plan = reading->plan;
    const json_t *revision = json_object_get(standing, "revision");
    struct rows rows = {.is_known = !json_is_null(revision)};
    struct texts ids = {0}, names;
    if ((rows.is_known && !take_texts(reading, standing, "revision", why, &ids)) ||
        !take_texts(reading, standing, "tenants", why, &names))
        return false;
    rows.ids = ids.items;
    rows.count = ids.count;
    if (!take_half(reading, standing, &rows))
        return false;
    size_t first = plan->tenant_count;
    for (size_t i = 0; i < names.count; i++) {
        if (map_get(&reading->names, names.items[i]) != MAP_NONE)
            return blame_item(reading, json_object_get(standing, "tenants"), i,
                              "'standings' names a tenant twice");
        map_put(&reading->names, names.items[i], (uint32_t)plan->tenant_count);
        *ARENA_PUSH(&plan->arena, plan->tenants, plan->tenant_count, *capacity) =
            (struct saved_plan_tenant){names.items[i], rows, -1};
    }
    return take_times(reading, standing, plan->tenants + first, names.count);
}

static bool take_standings(struct reading *reading, json_t *root)
{
    size_t capacity = 0, index;
    json_t *standings = json_object_get(root, "standings");
    json_t *standing;
    if (!json_is_array(standings))
        return blame_member(reading, root, "standings",
                            "'standings' does not name revisions and tenants");
    json_array_foreach(standings, index, standing)
    {
        if (!json_is_object(standing))
            return blame_item(reading, standings, index,
                              "'standings' does not name revisions and tenants");
        if (!take_standing(reading, standing, &capacity))
            return false;
    }
    return true;
}

/* ---- what lint had found ----------------------------------------------------------------------- */

static unsigned take_dialects(const json_t *names)
{
    unsigned dialects = 0;
    enum dialect_id dialect;
    size_t index;
    json_t *name;
    json_array_foreach(names, index, name)
    {
        if (json_is_string(name) &&
            dialect_find(json_string_value(name), json_string_length(name), &dialect))
            dialects |= 1u << dialect;
    }
    return dialects;
}

static bool take_severity(const json_t *word, enum lint_severity *ret_severity)
{
    const char *text = json_string_value(word);
    for (int i = LINT_NOTE; text && i < LINT__COUNT; i++)
        if (strcmp(lint_severity_name((enum lint_severity)i), text) == 0) {
            *ret_severity = (enum lint_severity)i;
            return true;
        }
    return false;
}

/* As lint_json_finding writes it. False: one of its members is missing. */
static bool take_finding(struct reading *reading, json_t *json, struct told_finding *ret)
{
    static const char why[] = "'lint' is no list of findings";
    const struct {
        const char *key;
        const char **text;
        bool is_optional;
    } members[] = {
        {"rule", &ret->rule, false},       {"revision", &ret->revision, false},
        {"file", &ret->file, false},       {"source", &ret->source, true},
        {"message", &ret->message, false}, {"why", &ret->why, false},
        {"better", &ret->better, false},   {"weight", &ret->weight, true},
        {"allowed", &ret->allowed, true},
    };
    const char *direction = json_string_value(json_object_get(json, "direction"));
    json_int_t line = json_integer_value(json_object_get(json, "line"));
    *ret = (struct told_finding){0};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *text = json_string_value(json_object_get(json, members[i].key));
        if (!text && !members[i].is_optional)
            return blame_member(reading, json, members[i].key, why);
        *members[i].text = arena_strdup(&reading->plan->arena, text);
    }
    if (line < 0 || line > INT_MAX)
        return blame_member(reading, json, "line", why);
    ret->source = ret->source ? ret->source : "";
    ret->line = (int)line;
    ret->dialects = take_dialects(json_object_get(json, "dialects"));
    ret->direction = direction && strcmp(direction, "down") == 0 ? DIRECTION_DOWN : DIRECTION_UP;
    return take_severity(json_object_get(json, "severity"), &ret->severity) ||
           blame_member(reading, json, "severity", why);
}

/* None: a skein has written it that kept none. */
static bool take_findings(struct reading *reading, json_t *root)
{
    struct saved_plan *plan = reading->plan;
    const json_t *list = json_object_get(root, "lint");
    size_t count = json_array_size(list);
    struct told_finding *items = arena_calloc(&plan->arena, count + 1, sizeof *items);
    plan->findings = (struct told_findings){items, count};
    if (list && !json_is_array(list))
        return blame_member(reading, root, "lint", "'lint' is no list of findings");
    for (size_t i = 0; i < count; i++) {
        json_t *finding = json_array_get(list, i);
        if (!json_is_object(finding))
            return blame_item(reading, list, i, "'lint' is no list of findings");
        if (!take_finding(reading, finding, &items[i]))
            return false;
    }
    return true;
}

/* ---- the whole --------------------------------------------------------------------------------- */

static bool take_plan(struct reading *reading, json_t *root)
{
    struct saved_plan *plan = reading->plan;
    const json_t *version = json_object_get(root, "skein_plan");
    if (!json_is_integer(version))
        return blame_member(reading, root, "skein_plan", "it has no 'skein_plan'");
    if (json_integer_value(version) != SAVED_PLAN_VERSION)
        return blame_member(reading, root, "skein_plan", "a newer skein has made it");
    return take_texts(reading, root, "targets", "'targets' is no list of texts", &plan->targets) &&
           take_files(reading, root, "revisions", "'revisions' does not name checksums",
                      &plan->revisions) &&
           (!json_object_get(root, "checkpoints") ||
            take_files(reading, root, "checkpoints", "'checkpoints' does not name checksums",
                       &plan->checkpoints)) &&
           take_forecast(reading, root) && take_standings(reading, root) &&
           take_findings(reading, root);
}

static bool read_text(const char *path, struct buf *text)
{
    char bytes[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t got = 0;
    if (fd < 0)
        return false;
    while (text->len <= PLAN_BYTES_MOST &&
           ((got = read(fd, bytes, sizeof bytes)) > 0 || (got < 0 && errno == EINTR)))
        buf_add(text, bytes, got > 0 ? (size_t)got : 0);
    int error = text->len > PLAN_BYTES_MOST ? EFBIG : errno;
    close(fd);
    errno = error;
    return got == 0;
}

static bool take_text_of_plan(struct saved_plan *plan, const struct buf *text, struct err *err)
{
    struct reading reading = {.plan = plan};
    json_error_t error;
    json_t *root = json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return err_at(err, ERR_CONFIG, plan->path, error.line > 0 ? error.line : 0,
                      "it is no JSON: %s", error.text);
    map_init(&reading.names);
    bool is_good = take_plan(&reading, root);
    if (!is_good)
        err_at(err, ERR_CONFIG, plan->path,
               reading.spot.holder ? json_line(text->data, root, &reading.spot) : 0,
               "it is no plan that 'skein plan --save' wrote: %s", reading.why);
    map_done(&reading.names);
    json_decref(root);
    return is_good;
}

bool saved_plan_read(const char *path, struct saved_plan *ret, struct err *err)
{
    struct saved_plan *plan = ret;
    struct buf text;
    *plan = (struct saved_plan){0};
    arena_init(&plan->arena);
    plan->path = arena_strdup(&plan->arena, path);
    buf_init(&text, BUF_MAX_DEFAULT);
    bool is_good = read_text(path, &text) ? take_text_of_plan(plan, &text, err)
                                          : err_at(err, ERR_CONFIG, plan->path, 0,
                                                   "cannot read it: %s", strerror(errno));
    buf_done(&text);
    return is_good;
}

void saved_plan_done(struct saved_plan *plan)
{
    arena_done(&plan->arena);
}
