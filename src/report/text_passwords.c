/* Which passwords a plan would use (-v): where they come from, never what they are. */
#include "base/human.h"
#include "inventory/inventory.h"
#include "report/text.h"

enum { PLACES_SHOWN = 20 };

/* Tenants whose password comes from one place. */
struct place {
    const struct password *password; /* NULL: none of the inventory's */
    size_t count;
    uint32_t rows[VIEW_NAMES];
};

static const struct password *password_of(const struct tenant *tenant)
{
    const struct password *password = tenant->password;
    return password && password->kind != PASSWORD_NONE ? password : NULL;
}

static struct place *find_place(struct place *places, size_t *count,
                                const struct password *password)
{
    for (size_t i = 0; i < *count; i++) {
        const struct password *known = places[i].password;
        if (known == password || (known && password && known->number == password->number))
            return &places[i];
    }
    if (*count == PLACES_SHOWN)
        return NULL;
    places[*count].password = password;
    return &places[(*count)++];
}

/* Of a command only the program: an argument may be a secret. */
static void add_place(struct buf *line, const struct password *password)
{
    switch (password ? password->kind : PASSWORD_NONE) {
    case PASSWORD_REFUSED:
    case PASSWORD_NONE: buf_adds(line, "none of the inventory's"); break;
    case PASSWORD_VALUE: buf_adds(line, "in the URL"); break;
    case PASSWORD_ENV:
        buf_adds(line, "password_env ");
        human_add_text(line, password->shown);
        break;
    case PASSWORD_FILE:
        buf_adds(line, "password_file ");
        human_add_text(line, password->value);
        break;
    case PASSWORD_COMMAND:
        buf_adds(line, "password_command ");
        human_add_text(line, password->argv[0]);
        buf_adds(line, password->argv[1] ? " …" : "");
        break;
    }
}

void text_passwords(const struct text *text)
{
    const struct run_info *run = &text->report->run;
    struct place places[PLACES_SHOWN] = {{0}};
    size_t count = 0, others = 0;
    for (uint32_t i = 0; i < run->tenant_count; i++) {
        if (dialect_info(run->tenants[i]->url.dialect)->is_file)
            continue;
        struct place *place = find_place(places, &count, password_of(run->tenants[i]));
        if (place && place->count < VIEW_NAMES)
            place->rows[place->count] = i;
        if (place)
            place->count++;
        else
            others++;
    }
    if (count)
        text_heading(text, "Passwords");
    for (size_t i = 0; i < count; i++) {
        struct buf line;
        buf_init(&line, BUF_MAX_DEFAULT);
        add_place(&line, places[i].password);
        buf_adds(&line, ": ");
        text_add_names(text, &line, places[i].rows, places[i].count);
        fprintf(text->out, "  %s\n", line.data);
        buf_done(&line);
    }
    if (others)
        fprintf(text->out, "  and others of %zu more tenants\n", others);
}
