/* What errors of MySQL and MariaDB mean, and what the parameters of a URL say. */
#include "base/arena.h"
#include "dialect/mysql/class.h"
#include "dialect/mysql/params.h"
#include "unit/unit.h"

static void errors_by_their_numbers(void **state)
{
    static const struct {
        unsigned number;
        const char *text;
        bool is_connecting;
        enum err_class kind;
        bool is_transient, is_lost;
        enum err_trouble trouble;
        const char *code;
    } rows[] = {
        {1064, "…", false, ERR_SQL, false, false, TROUBLE_NONE, "1064"},
        {1062, "…", false, ERR_SQL, false, false, TROUBLE_NONE, "1062"},
        {1205, "…", false, ERR_LOCK, true, false, TROUBLE_NONE, "1205"},
        {1213, "…", false, ERR_LOCK, true, false, TROUBLE_CONFLICT, "1213"},
        {1969, "…", false, ERR_TIMEOUT, false, false, TROUBLE_NONE, "1969"},
        {2013, "…", false, ERR_CONNECT, true, true, TROUBLE_NONE, ""},
        {1927, "…", false, ERR_CONNECT, true, true, TROUBLE_NONE, ""},
        {2013, "…", true, ERR_CONNECT, true, true, TROUBLE_DOWN, "2013"},
        {1045, "…", true, ERR_AUTH, false, false, TROUBLE_NONE, "1045"},
        {1049, "…", true, ERR_CONNECT, false, false, TROUBLE_NONE, "1049"},
        {2002, "Can't connect to server on 'h' (111)", true, ERR_CONNECT, true, false, TROUBLE_DOWN,
         "2002"},
        {2002, "Can't connect to server: 1040 - Too many connections", true, ERR_CONNECT, true,
         false, TROUBLE_CROWDED_SERVER, "1040"},
        {1040, "Too many connections", true, ERR_CONNECT, true, false, TROUBLE_CROWDED_SERVER,
         "1040"},
        {1290, "…", false, ERR_CONNECT, true, false, TROUBLE_NOT_READY, "1290"},
        {3, "Error writing file './t/a.frm' (Errcode: 28 \"No space left on device\")", false,
         ERR_SQL, false, false, TROUBLE_FULL, "3"},
        {1005, "Can't create table `t`.`a` (errno: 28 \"No space left on device\")", false, ERR_SQL,
         false, false, TROUBLE_FULL, "1005"},
        {1005, "Can't create table `t`.`a` (errno: 150 \"Foreign key\")", false, ERR_SQL, false,
         false, TROUBLE_NONE, "1005"},
        {1062, "Duplicate entry 'errno: 28 ' for key 'a'", false, ERR_SQL, false, false,
         TROUBLE_NONE, "1062"},
        {9999, "…", true, ERR_CONNECT, false, false, TROUBLE_NONE, "9999"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err;
        err_set(&err, ERR_SQL, "%s", rows[i].text);
        mysql_classify(&err, rows[i].number, rows[i].is_connecting);
        if (err.kind != rows[i].kind || err.is_transient != rows[i].is_transient ||
            err.is_connection_lost != rows[i].is_lost || err.trouble != rows[i].trouble ||
            strcmp(err.code, rows[i].code) != 0)
            fail_msg("%u %s: class %d, transient %d, lost %d, trouble %d, %s", rows[i].number,
                     rows[i].text, err.kind, err.is_transient, err.is_connection_lost,
                     (int)err.trouble, err.code);
    }
}

static void parameters_of_a_url(void **state)
{
    static const struct {
        const char *query;
        enum mysql_tls tls;
        const char *fault; /* NULL: none */
    } rows[] = {
        {"charset=utf8mb4", MYSQL_TLS_DEFAULT, NULL},
        {"charset=latin1", 0, "utf8mb4"},
        {"ssl_mode=REQUIRED", MYSQL_TLS_REQUIRED, NULL},
        {"ssl-mode=disabled", MYSQL_TLS_DISABLED, NULL},
        {"sslmode=verify-full", MYSQL_TLS_VERIFY_IDENTITY, NULL},
        {"tls=skip-verify", MYSQL_TLS_REQUIRED, NULL},
        {"ssl_mode=perhaps", 0, "must be"},
        {"ssl_ca=%2Fca.pem", MYSQL_TLS_VERIFY_IDENTITY, NULL},
        {"ssl_ca=%2Fca.pem&ssl_mode=VERIFY_CA", MYSQL_TLS_VERIFY_CA, NULL},
        {"ssl_mode=VERIFY_CA", 0, "ssl_ca"},
        {"ssl_disabled=true", MYSQL_TLS_DISABLED, NULL},
        {"ssl_verify_cert=false", MYSQL_TLS_REQUIRED, NULL},
        {"ssl=perhaps", 0, "true or false"},
        {"local_infile=0", MYSQL_TLS_DEFAULT, NULL},
        {"local_infile=1", 0, "local_infile"},
        {"init_command=SELECT", 0, "init_command"},
        {"ssl=true", MYSQL_TLS_VERIFY_IDENTITY, NULL},
        {"connect_timeout=7&auth_plugin=client_ed25519", MYSQL_TLS_DEFAULT, NULL},
        {"connect_timeout=0", 0, "seconds"},
        {"auth_plugin=mysql_clear_password", 0, "in clear"},
        {"allowCleartextPasswords=true", 0, "password"},
        {"sql_mode=ANSI", 0, "settings"},
        {"compress=true&pool_size=5", MYSQL_TLS_DEFAULT, NULL},
        {"nonesuch=1", 0, "not known"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct url url;
        struct err err;
        struct mysql_params params;
        char text[128];
        arena_init(&arena);
        snprintf(text, sizeof text, "mysql://u@h/d?%s", rows[i].query);
        assert_true(url_parse(&arena, text, &url, &err));
        bool is_well = mysql_params_read(&url, &params, &err);
        if (is_well != !rows[i].fault || (is_well && params.tls != rows[i].tls) ||
            (!is_well && !strstr(err.text, rows[i].fault)))
            fail_msg("%s: %s", rows[i].query, is_well ? "accepted" : err.text);
        arena_done(&arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(errors_by_their_numbers),
    cmocka_unit_test(parameters_of_a_url),
};

UNIT_MAIN(tests)
