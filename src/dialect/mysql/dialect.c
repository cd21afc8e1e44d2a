/* The dialect of MySQL and MariaDB, put together. */
#include "dialect/dialect.h"

#include "dialect/dialects.h"
#include "dialect/mysql/catalog.h"
#include "dialect/mysql/deeds.h"
#include "dialect/mysql/emit.h"
#include "dialect/mysql/judge.h"
#include "dialect/mysql/measure.h"
#include "dialect/mysql/option_file.h"
#include "dialect/mysql/params.h"
#include "dialect/mysql/probe.h"
#include "dialect/mysql/question.h"
#include "dialect/mysql/question_changed.h"
#include "dialect/mysql/replica.h"
#include "dialect/mysql/settings.h"
#include "dialect/mysql/split.h"
#include "dialect/mysql/templates.h"
#include "dialect/mysql/types.h"
#include "dialect/mysql/weigh.h"
#include "dialect/mysql/words.h"

/* `BEGIN NOT ATOMIC` is a block: mysql_refuses tells it from a transaction. */
static const char *const transaction_words[] = {"commit", "xa", NULL};
static const char *const timeouts[] = {"lock_wait_timeout", "innodb_lock_wait_timeout",
                                       "max_statement_time", "max_execution_time", NULL};
static const char *const block_words[] = {"begin", "call", "execute", NULL};

static const struct session_word session_words[] = {
    {"sql_mode", PART_PARSER},          {"set names", PART_PARSER},
    {"character_set", PART_PARSER},     {"lock_wait_timeout", PART_SETUP},
    {"max_statement_time", PART_SETUP}, {"time_zone", PART_SETUP},
    {"foreign_key_checks", PART_SETUP}, {NULL, 0},
};

static const struct script_mark script_marks[] = {
    {"AUTO_INCREMENT", false}, {"`", false}, {NULL, false}};

static const char *const harmless_words[] = {"alter", "analyze", "check",  "create",   "drop",
                                             "flush", "grant",   "lock",   "optimize", "revoke",
                                             "set",   "show",    "unlock", NULL};

/* What both have; a revision may have sections for MariaDB alone. */
/* clang-format off */
#define OF_BOTH(more_traits) \
    .traits = DIALECT_HAS_DELIMITER | DIALECT_FOLDS_IDS | DIALECT_SURVEYS_DATABASES | (more_traits), \
    .sql = mysql_sql, \
    .maintenance_database = "information_schema", \
    .code_database_exists = "1007", \
    .code_duplicate = "1062", \
    .code_guard = "1690", /* a number is too large: FAIL_IF */ \
    .transaction_words = transaction_words, \
    .block_words = block_words, \
    .session_words = session_words, \
    .script_marks = script_marks, \
    .add_literal = mysql_add_literal, \
    .add_identifier = mysql_add_identifier, \
    .check_url = mysql_check_url, \
    .ignores_param = mysql_ignores_param, \
    .param_reach = mysql_param_reach, \
    .is_unverified = mysql_is_unverified, \
    .option_file = mysql_option_file, \
    .take_options = mysql_take_options, \
    .refuse_setting = mysql_refuse_setting, \
    .add_setting = mysql_add_setting, \
    .split = mysql_split, \
    .judge = mysql_judge, \
    .read_deeds = mysql_read_deeds, \
    .measure = mysql_measure, \
    .reach = mysql_reach, \
    .find_key = mysql_find_key, \
    .ask_rows = mysql_ask_rows, \
    .sees_type = mysql_sees_type, \
    .null_test = "IS NULL", \
    .not_null_test = "IS NOT NULL", \
    .harmless_words = harmless_words, \
    .keeps_rows = mysql_keeps_rows, \
    .takes_all = mysql_takes_all, \
    .reads_zone = mysql_reads_zone, \
    .timeouts = timeouts, \
    .refuses = mysql_refuses, \
    .sets_session = mysql_sets_session, \
    .keeps_transaction = mysql_keeps_transaction, \
    .read_words = mysql_read_words,       \
    .read_replica = mysql_read_replica, \
    .catalog = &mysql_catalog_reader, \
    .emitter = &mysql_emitter, \
    .probe = mysql_probe, \
    .define = mysql_define, \
    .has_weight = mysql_has_weight, \
    .weigh = mysql_weigh, \
    .check = mysql_check
/* clang-format on */

const struct dialect dialect_mysql = {.name = "mysql", .id = DIALECT_MYSQL, OF_BOTH(0)};
const struct dialect dialect_mariadb = {
    .name = "mariadb", .id = DIALECT_MARIADB, OF_BOTH(DIALECT_SHOWS_COST)};
