/* COMMENT ON, where what is said of an object differs. */
#include "base/buf.h"
#include "dialect/postgres/emit_private.h"
#include "dialect/template.h"

static const char *comment_words(const struct object *object)
{
    switch (object->kind) {
    case OBJECT_TABLE: return "TABLE";
    case OBJECT_VIEW: return "VIEW";
    case OBJECT_MATERIALIZED_VIEW: return "MATERIALIZED VIEW";
    case OBJECT_COLUMN: return "COLUMN";
    case OBJECT_SEQUENCE: return "SEQUENCE";
    case OBJECT_ENUM: return "TYPE";
    case OBJECT_FUNCTION: return "FUNCTION";
    case OBJECT_PROCEDURE: return "PROCEDURE";
    case OBJECT_TRIGGER: return "TRIGGER";
    case OBJECT_INDEX: return "INDEX";
    default: return object->owner ? "CONSTRAINT" : NULL;
    }
}

static void add_comment(struct emitting *emitting, const struct object *object, const char *comment)
{
    bool is_late = object->kind == OBJECT_INDEX && !postgres_emit_is_of_new(emitting, object);
    struct buf *sql = is_late ? emitting->emission->later : emitting->sql;
    const char *words = comment_words(object);
    if (!words)
        return;
    buf_addf(sql, "COMMENT ON %s ", words);
    if (object->kind == OBJECT_COLUMN) {
        sql_add_identifier(sql, object->owner);
        buf_addc(sql, '.');
    }
    if (object->kind == OBJECT_FUNCTION || object->kind == OBJECT_PROCEDURE)
        buf_adds(sql, object->name);
    else
        sql_add_identifier(sql, object->name);
    if (object->owner && object->kind != OBJECT_COLUMN && object->kind != OBJECT_INDEX) {
        buf_adds(sql, " ON ");
        sql_add_identifier(sql, object->owner);
    }
    buf_adds(sql, " IS ");
    if (comment)
        sql_add_literal(sql, comment);
    else
        buf_adds(sql, "NULL");
    buf_adds(sql, ";\n");
}

/* What is new has none yet; of the rest what differs is said. */
void postgres_emit_make_comments(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++) {
        const char *comment = object_get(to->objects[i], "comment");
        bool is_new = emitting->is_made[i] || (to->objects[i]->kind == OBJECT_COLUMN &&
                                               postgres_emit_is_of_new(emitting, to->objects[i]));
        if (is_new && comment && catalog_rules_has(emitting->emission->rules, ASPECT_COMMENTS))
            add_comment(emitting, to->objects[i], comment);
    }
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        for (size_t p = 0; difference->expected && p < difference->property_count; p++)
            if (strcmp(difference->properties[p].name, "comment") == 0 &&
                !emitting->is_made[postgres_emit_find(to, difference->expected)])
                add_comment(emitting, difference->expected, difference->properties[p].expected);
    }
}
