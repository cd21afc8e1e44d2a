#include "dialect/mysql/settings.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/mysql/mode.h"
#include "dialect/mysql/templates.h"

/* What skein sets by itself, and what to say instead; NULL: nothing may. */
static const struct {
    const char *name;
    const char *instead;
} ours[] = {
    {"lock_wait_timeout", "use 'lock_timeout'"},
    {"innodb_lock_wait_timeout", "use 'lock_timeout'"},
    {"max_statement_time", "use 'statement_timeout'"},
    {"max_execution_time", "use 'statement_timeout'"},
    {"autocommit", NULL},
    {"completion_type", NULL},
    {"wait_timeout", NULL},
    {"tx_read_only", NULL},
    {"transaction_read_only", NULL},
    {"character_set_client", NULL},
    {"character_set_connection", NULL},
    {"character_set_results", NULL},
    {"pseudo_thread_id", NULL},
    {"wsrep_on", NULL},
};

const char *mysql_refuse_setting(struct arena *arena, const struct session_setting *setting)
{
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (ascii_is_same(setting->name, ours[i].name))
            return ours[i].instead
                       ? arena_printf(arena, "skein sets it itself: %s", ours[i].instead)
                       : "skein sets it itself, and needs it as it is";
    if (ascii_is_same(setting->name, "sql_mode") &&
        mysql_modes_named(setting->value, strlen(setting->value)))
        return "it would change how a text is split into statements: set it in the revision that "
               "needs it";
    return NULL;
}

/* A variable that is a number takes no text, and one that is a text takes no number. */
static bool is_number(const char *value)
{
    const char *p = value + (*value == '-' || *value == '+');
    bool has_digit = false, has_point = false;
    for (; *p; p++) {
        has_digit |= ascii_is_digit(*p);
        if (!ascii_is_digit(*p) && (*p != '.' || has_point))
            return false;
        has_point |= *p == '.';
    }
    return has_digit;
}

void mysql_add_setting(struct buf *buf, const struct session_setting *setting, bool is_local)
{
    (void)
        is_local; /* a session's variables know no transactions: they are set anew for each revision */
    buf_addf(buf, ", %s = ", setting->name);
    if (is_number(setting->value))
        buf_adds(buf, setting->value);
    else
        mysql_add_literal(buf, setting->value);
}
