/* What the file of a plan says. */
#include "library/saved_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "report/lint_report.h"

static bool refuse(const struct saved_plan *plan, const char *why, struct err *err)
{
    return err_at(err, ERR_CONFIG, plan->path, 0,
                  "it is no plan that 'skein plan --save' wrote: %s", why);
}

/* The texts of an array. False: it is none, or one of its values is no text. */
static bool take_texts(struct arena *arena, const json_t *array, struct texts *ret)
{
    size_t count = json_array_size(array);
    const char **items = arena_calloc(arena, count + 1, sizeof *items);
    *ret = (struct texts){items, count};
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (!text)
            return false;
        items[i] = arena_strdup(arena, text);
    }
    return json_is_array(array);
}

/* The checksums of files, by id. False: it is no object, or one of its values is no text. */
static bool take_files(struct arena *arena, json_t *object, struct saved_plan_files *ret)
{
    const char *id;
    json_t *checksum;
    *ret = (struct saved_plan_files){
        .items = arena_calloc(arena, json_object_size(object) + 1, sizeof *ret->items)};
    json_object_foreach(object, id, checksum)
    {
        if (!json_is_string(checksum))
            return false;
        ret->items[ret->count++] = (struct saved_plan_file){
            arena_strdup(arena, id),
            arena_strdup(arena, json_string_value(checksum)),
        };
    }
    return json_is_object(object);
}

/* Those that stood at one place. */
static bool take_standing(struct saved_plan *plan, const json_t *standing, size_t *capacity)
{
    const json_t *revision = json_object_get(standing, "revision");
    struct rows rows = {.is_known = !json_is_null(revision)};
    struct texts ids = {0}, names;
    if ((rows.is_known && !take_texts(&plan->arena, revision, &ids)) ||
        !take_texts(&plan->arena, json_object_get(standing, "tenants"), &names))
        return false;
    rows.ids = ids.items;
    rows.count = ids.count;
    for (size_t i = 0; i < names.count; i++)
        *ARENA_PUSH(&plan->arena, plan->tenants, plan->tenant_count, *capacity) =
            (struct saved_plan_tenant){names.items[i], rows};
    return true;
}

static bool take_standings(struct saved_plan *plan, const json_t *standings)
{
    size_t capacity = 0, index;
    json_t *standing;
    json_array_foreach(standings, index, standing)
    {
        if (!take_standing(plan, standing, &capacity))
            return false;
    }
    return json_is_array(standings);
}

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

/* As lint_json_finding writes it. False: one of its texts is missing. */
static bool take_finding(struct arena *arena, const json_t *json, struct told_finding *ret)
{
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
    *ret = (struct told_finding){0};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *text = json_string_value(json_object_get(json, members[i].key));
        if (!text && !members[i].is_optional)
            return false;
        *members[i].text = arena_strdup(arena, text);
    }
    ret->source = ret->source ? ret->source : "";
    ret->line = (int)json_integer_value(json_object_get(json, "line"));
    ret->dialects = take_dialects(json_object_get(json, "dialects"));
    ret->direction = direction && strcmp(direction, "down") == 0 ? DIRECTION_DOWN : DIRECTION_UP;
    return take_severity(json_object_get(json, "severity"), &ret->severity);
}

/* NULL: a skein has written it that kept none. */
static bool take_findings(struct saved_plan *plan, const json_t *list)
{
    size_t count = json_array_size(list);
    struct told_finding *items = arena_calloc(&plan->arena, count + 1, sizeof *items);
    plan->findings = (struct told_findings){items, count};
    for (size_t i = 0; i < count; i++)
        if (!take_finding(&plan->arena, json_array_get(list, i), &items[i]))
            return false;
    return !list || json_is_array(list);
}

static bool take_plan(struct saved_plan *plan, const json_t *root, struct err *err)
{
    const json_t *version = json_object_get(root, "skein_plan");
    if (!json_is_integer(version))
        return refuse(plan, "it has no 'skein_plan'", err);
    if (json_integer_value(version) != SAVED_PLAN_VERSION)
        return refuse(plan, "a newer skein has made it", err);
    if (!take_texts(&plan->arena, json_object_get(root, "targets"), &plan->targets))
        return refuse(plan, "'targets' is no list of texts", err);
    if (!take_files(&plan->arena, json_object_get(root, "revisions"), &plan->revisions))
        return refuse(plan, "'revisions' does not name checksums", err);
    json_t *checkpoints = json_object_get(root, "checkpoints");
    if (checkpoints && !take_files(&plan->arena, checkpoints, &plan->checkpoints))
        return refuse(plan, "'checkpoints' does not name checksums", err);
    if (!take_standings(plan, json_object_get(root, "standings")))
        return refuse(plan, "'standings' does not name revisions and tenants", err);
    if (!take_findings(plan, json_object_get(root, "lint")))
        return refuse(plan, "'lint' is no list of findings", err);
    return true;
}

bool saved_plan_read(const char *path, struct saved_plan *ret, struct err *err)
{
    struct saved_plan *plan = ret;
    json_error_t error;
    *plan = (struct saved_plan){0};
    arena_init(&plan->arena);
    plan->path = arena_strdup(&plan->arena, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return err_at(err, ERR_CONFIG, plan->path, 0, "cannot read it: %s", strerror(errno));
    json_t *root = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error);
    close(fd);
    if (!root)
        return err_at(err, ERR_CONFIG, plan->path, error.line > 0 ? error.line : 0,
                      "it is no JSON: %s", error.text);
    bool is_good = take_plan(plan, root, err);
    json_decref(root);
    return is_good;
}

void saved_plan_done(struct saved_plan *plan)
{
    arena_done(&plan->arena);
}
