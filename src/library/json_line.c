#include "library/json_line.h"

#include <stdbool.h>
#include <string.h>

/* The text is known to be JSON: it is only walked through, beside the document that was made of it. */
struct walk {
    const char *at;
    int line; /* of `at` */
    const struct json_spot *spot;
    int found; /* 0: not yet */
};

struct json_spot json_spot_of(json_t *object, const char *key)
{
    struct json_spot spot = {object, JSON_SPOT_ITSELF};
    const char *member;
    json_t *value;
    size_t index = 0;
    json_object_foreach(object, member, value)
    {
        if (strcmp(member, key) == 0)
            spot.index = index;
        index++;
    }
    return spot;
}

static void skip_blanks(struct walk *walk)
{
    for (; *walk->at && strchr(" \t\r\n,:", *walk->at); walk->at++)
        walk->line += *walk->at == '\n';
}

/* No line of the text ends inside. */
static void skip_string(struct walk *walk)
{
    for (walk->at++; *walk->at && *walk->at != '"'; walk->at++)
        if (*walk->at == '\\' && walk->at[1])
            walk->at++;
    walk->at += *walk->at == '"';
}

static void skip_scalar(struct walk *walk)
{
    if (*walk->at == '"')
        skip_string(walk);
    else
        walk->at += strcspn(walk->at, " \t\r\n,:]}");
}

static void walk_value(struct walk *walk, json_t *value);

static void walk_item(struct walk *walk, const json_t *holder, size_t index, json_t *item)
{
    skip_blanks(walk);
    if (walk->spot->holder == holder && walk->spot->index == index)
        walk->found = walk->line;
    walk_value(walk, item);
}

static void walk_object(struct walk *walk, json_t *object)
{
    const char *key;
    json_t *item;
    size_t index = 0;
    json_object_foreach(object, key, item)
    {
        skip_blanks(walk);
        skip_string(walk);
        walk_item(walk, object, index++, item);
        if (walk->found)
            return;
    }
}

static void walk_array(struct walk *walk, json_t *array)
{
    json_t *item;
    size_t index;
    json_array_foreach(array, index, item)
    {
        walk_item(walk, array, index, item);
        if (walk->found)
            return;
    }
}

/* As deep as jansson lets documents be. */
static void walk_value(struct walk *walk, json_t *value)
{
    skip_blanks(walk);
    if (walk->spot->holder == value && walk->spot->index == JSON_SPOT_ITSELF)
        walk->found = walk->line;
    if (walk->found)
        return;
    if (!json_is_object(value) && !json_is_array(value)) {
        skip_scalar(walk);
        return;
    }
    walk->at++;
    if (json_is_object(value))
        walk_object(walk, value);
    else
        walk_array(walk, value);
    skip_blanks(walk);
    walk->at += !walk->found && *walk->at;
}

int json_line(const char *text, json_t *root, const struct json_spot *spot)
{
    struct walk walk = {.at = text, .line = 1, .spot = spot};
    walk_value(&walk, root);
    return walk.found;
}
