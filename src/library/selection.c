#include "library/selection.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/similar.h"
#include "driver/driver.h"
#include "inventory/lack.h"
#include "inventory/selector.h"
#include "library/fleet.h"
#include "library/states.h"

/* A fleet may have thousands of values of a label: so many are named. */
enum { NAMED_MAX = 8 };

struct selection {
    struct fleet *fleet;
    const struct fleet_request *request;
    struct faults *faults;
    const struct selector **selectors; /* of each --select */
    const struct wave *last_wave;      /* NULL: all */
    struct map names;                  /* of --tenant; empty: all */
    struct states *states;             /* of --state; NULL: all */
    size_t in_waves;                   /* of the selected ones, those up to the last wave */
};

static const struct tenant *tenants_of(const struct selection *selection, size_t *ret_count)
{
    *ret_count = selection->fleet->inventory->tenant_count;
    return selection->fleet->inventory->tenants;
}

/* ---- words that no tenant has ---------------------------------------------------------------- */

/* What the tenants have where a word stands: the keys of labels, or the values of one. */
struct known {
    const char *key; /* NULL: keys are meant */
    struct map seen;
    struct buf list; /* the first of them */
    struct similar similar;
};

static void known_init(struct known *known, const char *key, const char *word)
{
    *known = (struct known){.key = key, .similar = similar_to(word)};
    map_init(&known->seen);
    buf_init(&known->list, 65536);
}

static void known_done(struct known *known)
{
    map_done(&known->seen);
    buf_done(&known->list);
}

static void known_add(struct known *known, const char *word)
{
    uint32_t number = (uint32_t)known->seen.count;
    if (map_put(&known->seen, word, number) != number)
        return;
    similar_try(&known->similar, word);
    if (number < NAMED_MAX)
        buf_addf(&known->list, "%s%s", number ? ", " : "", word);
    else if (number == NAMED_MAX)
        buf_adds(&known->list, ", …");
}

static void known_add_all(struct known *known, const struct selection *selection)
{
    size_t count;
    const struct tenant *tenants = tenants_of(selection, &count);
    for (size_t i = 0; i < count; i++) {
        const char *value = known->key ? tenant_label(&tenants[i], known->key) : NULL;
        if (value)
            known_add(known, value);
        for (size_t l = 0; !known->key && l < tenants[i].label_count; l++)
            known_add(known, tenants[i].labels[l].key);
    }
}

/* The keys that each tenant has are not listed: people know their own labels, and look for those. */
static void known_try_implicit(struct known *known)
{
    static const char *const keys[] = {"name", "dialect", "server"};
    for (size_t i = 0; !known->key && i < ARRAY_LEN(keys); i++)
        similar_try(&known->similar, keys[i]);
}

/* A key or a value that no tenant has. It is a mistake where it looks like one that exists, or can be none: then
 * what `!=` and its like leave out would be taken. */
static bool is_mistake(const struct known *known, const char *word)
{
    return known->similar.best || !selector_is_label(word, !known->key);
}

static void describe_word(const struct known *known, const struct selector_word *word,
                          struct err *err)
{
    if (known->key)
        err_set(err, ERR_CONFIG, "no tenant has the label '%s' with the value '%s'", word->key,
                word->value);
    else
        err_set(err, ERR_CONFIG, "no tenant has a label '%s'", word->key);
    if (known->list.len)
        err_add(err, "; there %s %s", known->seen.count == 1 ? "is" : "are", known->list.data);
    else
        err_add(err, "; there are only 'name', 'dialect' and 'server'");
    similar_add_hint(err, &known->similar);
    if (known->key && strpbrk(word->value, "*?"))
        err_add(err, "; a selector has no wildcards: '%s in (a,b)' names several values",
                word->key);
}

static bool has_tenant(const struct selection *selection, const struct selector_word *word)
{
    size_t count;
    const struct tenant *tenants = tenants_of(selection, &count);
    for (size_t i = 0; i < count; i++) {
        const char *value = tenant_label(&tenants[i], word->key);
        if (value && (!word->value || strcmp(value, word->value) == 0))
            return true;
    }
    return false;
}

/* False, with an error, where no tenant has the word and it is a mistake; where no one is selected it always is. */
static bool check_word(const struct selection *selection, struct selector_word word, bool is_empty,
                       struct err *err)
{
    struct known known;
    if (has_tenant(selection, &word))
        return true;
    bool has_key = word.value && has_tenant(selection, &(struct selector_word){.key = word.key});
    known_init(&known, has_key ? word.key : NULL, has_key ? word.value : word.key);
    known_add_all(&known, selection);
    known_try_implicit(&known);
    bool is_refused = is_empty || is_mistake(&known, has_key ? word.value : word.key);
    if (is_refused)
        describe_word(&known, &word, err);
    known_done(&known);
    return !is_refused;
}

static void check_words(const struct selection *selection)
{
    bool is_empty = selection->fleet->tenant_count == 0;
    struct selector_word word;
    struct err err;
    for (size_t s = 0; s < selection->request->select_count; s++)
        for (size_t i = 0; selector_word_at(selection->selectors[s], i, &word); i++)
            if (!check_word(selection, word, is_empty, &err)) {
                err_prefix(&err, "--select");
                faults_add_err(selection->faults, &err);
            }
}

bool selection_refuse_empty_wave(struct fleet *fleet, const struct wave *wave, struct err *err)
{
    const struct selection selection = {.fleet = fleet};
    struct selector_word word;
    bool is_known = true;
    for (size_t i = 0; is_known && selector_word_at(wave->select, i, &word); i++)
        is_known = word.is_denied || check_word(&selection, word, true, err);
    if (is_known && *wave->select_text)
        err_set(err, ERR_CONFIG, "of those that earlier waves leave, none is what '%.200s' says",
                wave->select_text);
    else if (is_known)
        err_set(err, ERR_CONFIG, "earlier waves take all");
    err_prefix(err, "wave '%.128s' takes no tenant", wave->name);
    err_add(err, " ('optional: true' in the wave allows it)");
    err_set_place(err, fleet->inventory->path, wave->line);
    return false;
}

/* ---- names ----------------------------------------------------------------------------------- */

bool selection_refuse_tenant(const struct fleet *fleet, const char *name, struct err *err)
{
    struct similar similar = similar_to(name);
    for (size_t i = 0; i < fleet->inventory->tenant_count; i++)
        similar_try(&similar, fleet->inventory->tenants[i].name);
    err_at(err, ERR_CONFIG, fleet->inventory->path, 0, "there is no tenant '%s'", name);
    similar_add_hint(err, &similar);
    if (!similar.best && strchr(name, ','))
        err_add(err, "; --tenant is repeated for each name");
    return false;
}

bool selection_refuse_wave(const struct fleet *fleet, const char *name, struct err *err)
{
    const struct rollout_rules *rules = &fleet->inventory->rollout;
    struct similar similar = similar_to(name);
    for (size_t i = 0; i < rules->wave_count; i++)
        similar_try(&similar, rules->waves[i].name);
    err_at(err, ERR_CONFIG, fleet->inventory->path, 0, "there is no wave '%s'", name);
    similar_add_hint(err, &similar);
    return false;
}

/* A name that no tenant bears is a mistake, not an empty selection. */
static void check_names(const struct selection *selection)
{
    const struct fleet_request *request = selection->request;
    struct map all;
    size_t count;
    const struct tenant *tenants = tenants_of(selection, &count);
    map_init(&all);
    for (size_t i = 0; i < count; i++)
        map_put(&all, tenants[i].name, (uint32_t)i);
    for (size_t i = 0; i < request->name_count; i++) {
        struct err err;
        if (map_get(&all, request->names[i]) == MAP_NONE &&
            !selection_refuse_tenant(selection->fleet, request->names[i], &err))
            faults_add_err(selection->faults, &err);
    }
    map_done(&all);
}

static void check_driver(const struct selection *selection, const struct tenant *tenant)
{
    if (!tenant->lacks_dialect && !driver_find(tenant->url.dialect))
        faults_add(selection->faults, ERR_CONFIG, selection->fleet->inventory->path, tenant->line,
                   "tenant '%s': this build has no driver for %s", tenant->name,
                   dialect_info(tenant->url.dialect)->name);
}

/* ---- no one ---------------------------------------------------------------------------------- */

static const char *way_out(const struct selection *selection)
{
    return selection->request->narrows ? "" : " (--allow-empty goes on without any)";
}

/* The whole fleet is no one: what was to find them is told. */
static void refuse_fleet(const struct selection *selection)
{
    const struct inventory *inventory = selection->fleet->inventory;
    for (size_t i = 0; i < inventory->glob_count; i++)
        faults_add(selection->faults, ERR_CONFIG, inventory->path, inventory->globs[i].line,
                   "the glob '%s' finds no file, and there are no other tenants%s",
                   inventory->globs[i].pattern, way_out(selection));
    for (size_t i = 0; i < inventory->query_count; i++)
        faults_add(selection->faults, ERR_CONFIG, inventory->path, inventory->queries[i].line,
                   "the query finds no tenant, and there are no others%s", way_out(selection));
    if (!inventory->glob_count && !inventory->query_count)
        faults_add(selection->faults, ERR_CONFIG, inventory->path, 0,
                   "the inventory names no tenant: list them under 'tenants' or 'sources'%s",
                   way_out(selection));
}

static void refuse_selection(const struct selection *selection)
{
    const struct fleet_request *request = selection->request;
    size_t parts = request->select_count + (request->name_count > 0) + (request->state != NULL) +
                   (request->wave != NULL);
    struct buf what;
    buf_init(&what, 65536);
    for (size_t i = 0; i < request->select_count; i++)
        buf_addf(&what, "%s--select '%s'", what.len ? " and " : "", request->selects[i]);
    if (request->name_count)
        buf_addf(&what, "%s--tenant", what.len ? " and " : "");
    if (request->state)
        buf_addf(&what, "%s--state '%s'", what.len ? " and " : "", request->state);
    if (request->wave)
        buf_addf(&what, "%s--wave '%s'", what.len ? " and " : "", request->wave);
    faults_add(selection->faults, ERR_CONFIG, NULL, 0,
               "no tenant is selected: of %zu, none is what %.512s says%s%s",
               selection->fleet->inventory->tenant_count, what.data, parts > 1 ? " together" : "",
               way_out(selection));
    buf_done(&what);
}

static void refuse_states(const struct selection *selection)
{
    struct err err;
    err_set(&err, ERR_CONFIG, "--state: ");
    states_add_none(selection->states, &err);
    err_add(&err, " (--allow-empty goes on without any)");
    faults_add_err(selection->faults, &err);
}

static void check_selection(const struct selection *selection)
{
    size_t before = selection->faults->total;
    if (!selection->fleet->inventory->tenant_count) {
        refuse_fleet(selection);
        return;
    }
    check_words(selection);
    if (selection->states && !selection->states->names.count)
        refuse_states(selection);
    if (selection->faults->total == before && !selection->in_waves)
        refuse_selection(selection);
}

/* ---- selecting ------------------------------------------------------------------------------- */

static const struct wave *find_wave(const struct inventory *inventory, const char *name)
{
    for (size_t i = 0; i < inventory->rollout.wave_count; i++)
        if (strcmp(inventory->rollout.waves[i].name, name) == 0)
            return &inventory->rollout.waves[i];
    return NULL;
}

static bool is_in_waves(const struct selection *selection, const struct tenant *tenant)
{
    const struct wave *wave;
    return !selection->last_wave ||
           ((wave = fleet_wave(selection->fleet, tenant)) && wave <= selection->last_wave);
}

static bool is_selected(const struct selection *selection, const struct tenant *tenant)
{
    if (selection->names.count && map_get(&selection->names, tenant->name) == MAP_NONE)
        return false;
    if (selection->states && map_get(&selection->states->names, tenant->name) == MAP_NONE)
        return false;
    for (size_t i = 0; i < selection->request->select_count; i++)
        if (!selector_matches(selection->selectors[i], tenant_label, tenant))
            return false;
    return true;
}

/* ---- labels that the environment does not say -------------------------------------------------- */

/* The tenants that may or may not be meant: nothing is selected by guessing. */
struct unknown {
    const struct tenant **tenants;
    size_t count, capacity;
    const char *label; /* of the first of them */
};

static void judge_label(struct selection *selection, struct unknown *unknown,
                        const struct tenant *tenant, const char *label)
{
    bool is_other = unknown->label && strcmp(unknown->label, label) != 0;
    if (is_other || !tenant_lacks_label(tenant, label))
        return;
    unknown->label = label;
    *ARENA_PUSH(&selection->fleet->arena, unknown->tenants, unknown->count, unknown->capacity) =
        tenant;
}

static void judge_labels(struct selection *selection, struct unknown *unknown,
                         const struct tenant *tenant)
{
    const struct rollout_rules *rules = &selection->fleet->inventory->rollout;
    const struct fleet_request *request = selection->request;
    struct selector_word word;
    if (!tenant->lacks)
        return;
    for (size_t s = 0; s < request->select_count; s++)
        for (size_t i = 0; selector_word_at(selection->selectors[s], i, &word); i++)
            judge_label(selection, unknown, tenant, word.key);
    for (size_t w = 0; request->wave && w < rules->wave_count; w++)
        for (size_t i = 0; selector_word_at(rules->waves[w].select, i, &word); i++)
            judge_label(selection, unknown, tenant, word.key);
}

static bool check_labels(struct selection *selection)
{
    struct unknown unknown = {0};
    size_t count;
    const struct tenant *tenants = tenants_of(selection, &count);
    for (size_t i = 0; i < count; i++)
        if (!selection->names.count || map_get(&selection->names, tenants[i].name) != MAP_NONE)
            judge_labels(selection, &unknown, &tenants[i]);
    if (!unknown.count)
        return true;
    return inventory_check_tenants(&(struct tenants_check){.inventory = selection->fleet->inventory,
                                                           .tenants = unknown.tenants,
                                                           .count = unknown.count,
                                                           .use = TENANTS_ARE_SELECTED,
                                                           .label = unknown.label},
                                   selection->faults);
}

static void select_all(struct selection *selection)
{
    struct fleet *fleet = selection->fleet;
    size_t count;
    const struct tenant *tenants = tenants_of(selection, &count);
    fleet->tenants = arena_calloc(&fleet->arena, count + 1, sizeof *fleet->tenants);
    for (size_t i = 0; i < count; i++) {
        if (!is_selected(selection, &tenants[i]))
            continue;
        bool is_in = is_in_waves(selection, &tenants[i]);
        selection->in_waves += is_in;
        if (!is_in && !selection->request->keeps_later_waves)
            continue;
        check_driver(selection, &tenants[i]);
        fleet->tenants[fleet->tenant_count++] = &tenants[i];
    }
}

/* A run knows waves that the inventory does not name (`rest`): who makes its waves looks for those. */
static bool set_wave(struct selection *selection)
{
    const struct fleet_request *request = selection->request;
    struct err err;
    if (!request->wave)
        return true;
    selection->last_wave = find_wave(selection->fleet->inventory, request->wave);
    if (selection->last_wave || request->keeps_later_waves)
        return true;
    selection_refuse_wave(selection->fleet, request->wave, &err);
    faults_add_err(selection->faults, &err);
    return false;
}

static bool parse_selects(struct selection *selection)
{
    const struct fleet_request *request = selection->request;
    struct arena *arena = &selection->fleet->arena;
    selection->selectors = arena_calloc(arena, request->select_count + 1, sizeof(void *));
    for (size_t i = 0; i < request->select_count; i++) {
        struct err err;
        selection->selectors[i] = selector_parse(arena, request->selects[i], &err);
        if (selection->selectors[i])
            continue;
        err_prefix(&err, "--select '%.200s'", request->selects[i]);
        faults_add_err(selection->faults, &err);
        return false;
    }
    return true;
}

/* Which run was meant is for the record. */
static bool read_states(struct selection *selection, struct states *ret_states)
{
    struct fleet *fleet = selection->fleet;
    const char *text = selection->request->state;
    struct err err;
    if (!text)
        return true;
    selection->states = ret_states;
    if (!states_read(fleet, text, ret_states, &err)) {
        err_prefix(&err, "--state '%.200s'", text);
        faults_add_err(selection->faults, &err);
        return false;
    }
    fleet_note_narrowed(fleet, arena_printf(&fleet->arena, "--state %s", ret_states->asked));
    return true;
}

static void select_tenants(struct selection *selection)
{
    const struct fleet_request *request = selection->request;
    size_t before = selection->faults->total;
    for (size_t i = 0; i < request->name_count; i++)
        map_put(&selection->names, request->names[i], 0);
    check_names(selection);
    if (check_labels(selection))
        select_all(selection);
    if (request->refuses_empty && selection->faults->total == before)
        check_selection(selection);
}

void selection_make(struct fleet *fleet, const struct fleet_request *request, struct faults *faults)
{
    struct selection selection = {.fleet = fleet, .request = request, .faults = faults};
    struct states states;
    if (!parse_selects(&selection) || !set_wave(&selection))
        return;
    map_init(&selection.names);
    if (read_states(&selection, &states))
        select_tenants(&selection);
    if (selection.states)
        states_done(&states);
    map_done(&selection.names);
}

const struct wave *fleet_wave(const struct fleet *fleet, const struct tenant *tenant)
{
    const struct rollout_rules *rules = &fleet->inventory->rollout;
    for (size_t i = 0; i < rules->wave_count; i++)
        if (selector_matches(rules->waves[i].select, tenant_label, tenant))
            return &rules->waves[i];
    return NULL;
}
