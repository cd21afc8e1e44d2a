/* The words that told.c tells and load/told.c reads. They are in ledgers: they stay. */
#ifndef INVENTORY_TOLD_KEYS_H
#define INVENTORY_TOLD_KEYS_H

#include "base/compiler.h"

enum told_kind {
    TOLD_DURATION, /* a uint64_t, in milliseconds */
    TOLD_COUNT,    /* a uint32_t */
    TOLD_WORD,     /* a bool or an enum, by its words */
};

/* A member of struct settings. */
struct told_key {
    const char *name;
    size_t size; /* of the member */
    enum told_kind kind;
    size_t at;
    const char *const *words; /* NULL-terminated */
};
extern const struct told_key told_setting_keys[];
extern const size_t told_setting_key_count;

#define TOLD_PATH "search_path" /* once for each schema */
#define TOLD_SESSION "settings."
#define TOLD_REPLICA "batch_replicas" /* once for each: a URL, a blank, and told_password of it */

#define TOLD_VERSION_TABLE "version_table"
#define TOLD_DETAIL "report.detail"
#define TOLD_SQL "report.sql"
#define TOLD_WARN_ABOVE "forecast.warn_above"
#define TOLD_HALT_ABOVE "forecast.halt_above"
#define TOLD_AT_LEAST "forecast.at_least"
#define TOLD_ASPECTS "drift.aspects" /* bits of enum aspect */
#define TOLD_IGNORE "drift.ignore"

#define TOLD_BY_VARIABLE "env "
#define TOLD_BY_FILE "file "
#define TOLD_BY_COMMAND "command"
#define TOLD_ELSEWHERE "elsewhere"

#endif
