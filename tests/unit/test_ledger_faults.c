#include "unit/unit.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit/ledger_fixture.h"

/* ---- files --------------------------------------------------------------------------------- */

struct bytes {
    char *data;
    size_t len;
};

static struct bytes read_file(const char *path)
{
    struct bytes bytes = {0};
    struct stat st;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &st), 0);
    bytes.data = xmalloc((size_t)st.st_size + 1);
    bytes.len = fread(bytes.data, 1, (size_t)st.st_size, file);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

static void make_place(struct book *book)
{
    book_make_folder(book);
    assert_int_equal(mkdir(arena_printf(&book->arena, "%s/in", book->dir), 0700), 0);
}

/* A ledger with one finished run, closed: no WAL beside it. */
static struct bytes make_ledger(struct book *book, size_t tenant_count)
{
    struct fleet fleet;
    book_open(book);
    book_fleet(book, &fleet, "run-1", tenant_count);
    fleet_starts(&fleet);
    for (size_t i = 0; i < tenant_count; i++)
        fleet_moves(&fleet, i, 0, 3);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    fleet_done(&fleet);
    ledger_close(book->ledger);
    book->ledger = NULL;
    return read_file(book->path);
}

static void must_refuse(const struct book *book, enum ledger_access access, const char *words)
{
    struct err err;
    assert_null(ledger_open(book->path, access, &err));
    assert_int_equal(err.kind, ERR_LEDGER);
    if (!strstr(err.text, words))
        fail_msg("no '%s' in: %s", words, err.text);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

/* ---- what a ledger is made of -------------------------------------------------------------- */

static void file_and_folder_are_for_their_owner(void **state)
{
    (void)state;
    struct book book;
    mode_t before = umask(0);
    book_open(&book);
    umask(before);
    assert_int_equal(mode_of(arena_printf(&book.arena, "%s/in", book.dir)), 0700);
    assert_int_equal(mode_of(book.path), 0600);
    assert_int_equal(mode_of(arena_printf(&book.arena, "%s.lock", book.path)), 0600);
    book_close(&book);
}

static void who_only_reads_makes_nothing(void **state)
{
    (void)state;
    struct book book;
    struct err err;
    struct stat st;
    book_make_folder(&book);
    assert_null(ledger_open(book.path, LEDGER_READ, &err));
    assert_string_equal(err.code, LEDGER_MISSING);
    assert_int_not_equal(stat(arena_printf(&book.arena, "%s/in", book.dir), &st), 0);
    book_close(&book);
}

static void a_reader_stands_beside_the_writer(void **state)
{
    (void)state;
    struct book book;
    struct fleet fleet;
    struct err err;
    struct ledger_run run;
    book_open(&book);
    struct ledger *reader = ledger_open(book.path, LEDGER_READ, &err);
    book_must(reader != NULL, &err);
    book_fleet(&book, &fleet, "run-1", 2);
    fleet_starts(&fleet);
    book_must(ledger_find(reader, NULL, &book.arena, &run, &err), &err);
    assert_int_equal(run.state, RUN_RUNNING);
    assert_int_equal(run.totals[TENANT_PENDING], 2);
    fleet_moves(&fleet, 0, 0, 3);
    book_must(ledger_find(reader, NULL, &book.arena, &run, &err), &err);
    assert_int_equal(run.totals[TENANT_SUCCEEDED], 1);
    ledger_close(reader);
    fleet_moves(&fleet, 1, 0, 3);
    fleet_done(&fleet);
    book_close(&book);
}

static void names_of_files_are_not_options(void **state)
{
    static const char *const names[] = {":memory:", "a?mode=memory", "50%25#x", "file:x"};
    (void)state;
    struct book book;
    struct err err;
    char before[4096];
    make_place(&book);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(book.dir), 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct ledger *ledger = ledger_open(names[i], LEDGER_WRITE, &err);
        book_must(ledger != NULL, &err);
        ledger_close(ledger);
        struct bytes bytes = read_file(names[i]);
        assert_true(bytes.len > 4096);
        assert_memory_equal(bytes.data, "SQLite format 3", 16);
        free(bytes.data);
    }
    assert_int_equal(chdir(before), 0);
    book_close(&book);
}

static void what_a_server_refuses_names_no_password(void **state)
{
    (void)state;
    struct err err;
    assert_null(ledger_open("postgresql://app:s3cret@127.0.0.1:1/ledger", LEDGER_WRITE, &err));
    assert_int_equal(err.kind, ERR_LEDGER);
    assert_non_null(strstr(err.text, "connection to server"));
    assert_null(strstr(err.text, "s3cret"));
}

static void a_ledger_of_the_first_version_is_brought_up_to_date(void **state)
{
    (void)state;
    struct book book;
    struct fleet fleet;
    book_open(&book);
    book_fleet(&book, &fleet, "run-1", 2);
    fleet_starts(&fleet);
    fleet_moves(&fleet, 0, 1, 3);
    fleet_ends(&fleet, RUN_HALTED);
    ledger_close(book.ledger);
    book.ledger = NULL;
    char *as_new = book_columns(&book);
    book_make_old(&book);
    book_reopen(&book);
    char *brought_up = book_columns(&book);
    assert_string_equal(brought_up, as_new);
    free(brought_up);
    free(as_new);
    struct ledger_run run = book_find(&book, NULL);
    assert_string_equal(run.id, "run-1");
    assert_null(run.inventory);
    assert_false(run.purges);
    assert_null(run.halt);
    assert_null(run.origin.by);
    struct ledger_fleet stands = book_standings(&book, "run-1");
    assert_string_equal(stands.standings[0].reached.ids[0], "83241ca0f125");
    assert_false(stands.standings[1].reached.is_known);
    fleet_done(&fleet);
    book_close(&book);
}

/* ---- what is no ledger --------------------------------------------------------------------- */

static void run_sql(const struct book *book, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(book->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void what_is_something_else_is_refused_and_kept(void **state)
{
    static const struct {
        const char *sql; /* NULL: the file is `text` */
        const char *text;
        const char *words;
    } cases[] = {
        {"CREATE TABLE customers(id INTEGER PRIMARY KEY)", NULL, "a database of something else"},
        {"PRAGMA application_id = 7", NULL, "a database of something else"},
        {"PRAGMA user_version = 1", NULL, "a database of something else"},
        {NULL, "chain: versions\n", "not a ledger"},
        {NULL, "SQLite format 3", "not a ledger"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct book book;
        make_place(&book);
        if (cases[i].sql)
            run_sql(&book, cases[i].sql);
        else
            write_file(book.path, cases[i].text, strlen(cases[i].text));
        struct bytes before = read_file(book.path);
        must_refuse(&book, LEDGER_WRITE, cases[i].words);
        must_refuse(&book, LEDGER_READ, cases[i].words);
        struct bytes after = read_file(book.path);
        assert_int_equal(after.len, before.len);
        assert_memory_equal(after.data, before.data, before.len);
        free(before.data);
        free(after.data);
        book_close(&book);
    }
}

static void what_a_newer_skein_made_is_refused(void **state)
{
    (void)state;
    struct book book;
    free(make_ledger(&book, 1).data);
    run_sql(&book, "PRAGMA user_version = 99");
    must_refuse(&book, LEDGER_WRITE, "made by a newer skein (version 99");
    must_refuse(&book, LEDGER_READ, "made by a newer skein");
    book_close(&book);
}

static void a_folder_is_no_ledger(void **state)
{
    (void)state;
    struct book book;
    make_place(&book);
    assert_int_equal(mkdir(book.path, 0700), 0);
    must_refuse(&book, LEDGER_WRITE, "not a regular file");
    book_close(&book);
}

/* ---- what was damaged ---------------------------------------------------------------------- */

static void ignore_event(void *ctx, const struct event *event)
{
    (void)ctx;
    (void)event;
}

/* All that a resume does with it. */
static bool can_be_used(const struct book *book, struct err *err)
{
    struct ledger_holder holder = book_holder("run-2"), other;
    const struct observer observer = {ignore_event, NULL};
    struct ledger_fleet fleet;
    struct ledger_run *runs;
    size_t count;
    struct arena arena;
    arena_init(&arena);
    struct ledger *ledger = ledger_open(book->path, LEDGER_WRITE, err);
    bool is_fine = ledger && ledger_lock(ledger, &holder, &other, err) &&
                   ledger_list(ledger, &arena, &runs, &count, err) &&
                   ledger_read_fleet(ledger, NULL, &arena, &fleet, err) &&
                   ledger_replay(ledger, NULL, &arena, &observer, err);
    ledger_close(ledger);
    arena_done(&arena);
    return is_fine;
}

static void a_torn_ledger_is_refused_at_any_length(void **state)
{
    enum { STEP = 331 };
    (void)state;
    struct book book;
    struct err err;
    struct bytes whole = make_ledger(&book, 50);
    for (size_t len = 1; len < whole.len; len += STEP) {
        write_file(book.path, whole.data, len);
        if (can_be_used(&book, &err))
            fail_msg("%zu of %zu bytes are taken for a ledger", len, whole.len);
        assert_int_equal(err.kind, ERR_LEDGER);
        struct bytes after = read_file(book.path);
        assert_int_equal(after.len, len);
        assert_memory_equal(after.data, whole.data, len);
        free(after.data);
    }
    write_file(book.path, whole.data, whole.len);
    book_must(can_be_used(&book, &err), &err);
    free(whole.data);
    book_close(&book);
}

/* A byte that differs is not always seen, but never makes us fall. */
static void flipped_bytes_are_survived(void **state)
{
    enum { STEP = 97 };
    (void)state;
    struct book book;
    struct err err;
    size_t refused = 0;
    struct bytes whole = make_ledger(&book, 50);
    for (size_t at = 0; at < whole.len; at += STEP) {
        whole.data[at] = (char)(whole.data[at] ^ 0x5a);
        write_file(book.path, whole.data, whole.len);
        if (!can_be_used(&book, &err)) {
            assert_int_equal(err.kind, ERR_LEDGER);
            refused++;
        }
        whole.data[at] = (char)(whole.data[at] ^ 0x5a);
    }
    print_message("%zu of %zu flips refused\n", refused, whole.len / STEP + 1);
    assert_true(refused > 0);
    free(whole.data);
    book_close(&book);
}

static void rows_that_make_no_sense_are_refused(void **state)
{
    static const char *const sql[] = {
        "UPDATE run_tenants SET state = 99",
        "UPDATE run_tenants SET outcome = 99",
        "UPDATE run_tenants SET left_at = 1000",
        "UPDATE run_tenants SET error = 5",
        "UPDATE fleet_tenants SET wave = 3",
        "UPDATE runs SET tenant_count = 4",
        "UPDATE runs SET chain_heads = -1",
        "UPDATE runs SET chain_count = 0",
        "UPDATE runs SET state = 77",
        "UPDATE tenants SET dialect = 12",
        "UPDATE steps SET revision = 44",
        "DELETE FROM fleet_tenants WHERE n = 1",
        "DELETE FROM revision_lists WHERE list = 1",
        "DELETE FROM revisions WHERE id = 0",
        "DROP TABLE waves",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
        struct book book;
        struct err err;
        free(make_ledger(&book, 3).data);
        run_sql(&book, sql[i]);
        if (can_be_used(&book, &err))
            fail_msg("'%s' goes unseen", sql[i]);
        assert_int_equal(err.kind, ERR_LEDGER);
        book_close(&book);
    }
}

/* ---- where nothing can be written ---------------------------------------------------------- */

/* In a process that is not root and to which the folder does not belong. */
static int as_nobody(const struct book *book, int (*check)(const struct book *))
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
            _exit(100);
        _exit(check(book));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int refuses_to_write_but_reads(const struct book *book)
{
    struct err err;
    struct ledger_run run;
    struct arena arena;
    arena_init(&arena);
    if (ledger_open(book->path, LEDGER_WRITE, &err) || err.kind != ERR_LEDGER)
        return 1;
    if (!strstr(err.text, "its folder cannot be written to: "))
        return 2;
    struct ledger *ledger = ledger_open(book->path, LEDGER_READ, &err);
    if (!ledger || !ledger_find(ledger, NULL, &arena, &run, &err))
        return 3;
    int result = strcmp(run.id, "run-1") == 0 ? 0 : 4;
    ledger_close(ledger);
    arena_done(&arena);
    return result;
}

static void a_read_only_ledger_is_read_and_not_written(void **state)
{
    static const mode_t file_modes[] = {0444, 0666};
    (void)state;
    struct book book;
    free(make_ledger(&book, 2).data);
    for (size_t i = 0; i < 2 * ARRAY_LEN(file_modes); i++) {
        if (i == ARRAY_LEN(file_modes))
            book_make_old(&book); /* which is brought up to date in memory */
        struct bytes before = read_file(book.path);
        const char *folder = arena_printf(&book.arena, "%s/in", book.dir);
        assert_int_equal(chmod(book.path, file_modes[i % ARRAY_LEN(file_modes)]), 0);
        assert_int_equal(chmod(folder, 0555) | chmod(book.dir, 0755), 0);
        assert_int_equal(as_nobody(&book, refuses_to_write_but_reads), 0);
        assert_int_equal(chmod(folder, 0700), 0);
        struct bytes after = read_file(book.path);
        assert_int_equal(after.len, before.len);
        assert_memory_equal(after.data, before.data, before.len);
        free(before.data);
        free(after.data);
    }
    book_close(&book);
}

/* What is written to a file that has lost its name is nowhere. */
static void what_is_removed_or_replaced_is_written_no_more(void **state)
{
    static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db.lock"};
    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(names); i++) {
        bool is_replaced = i >= ARRAY_LEN(names);
        struct book book;
        struct fleet fleet;
        struct err err, again;
        book_open(&book);
        book_fleet(&book, &fleet, "run-1", 2);
        fleet_starts(&fleet);
        const char *path =
            arena_printf(&book.arena, "%s/in/%s", book.dir, names[i % ARRAY_LEN(names)]);
        const char *aside = arena_printf(&book.arena, "%s.aside", path);
        assert_int_equal(rename(path, aside), 0);
        if (is_replaced)
            assert_int_equal(symlink("/dev/null", path), 0);
        struct event event = {.kind = EVENT_RUN_DRAINS, .run = &fleet.run, .reason = "why"};
        assert_false(ledger_write(book.ledger, &event, 1, &err));
        assert_int_equal(err.kind, ERR_LEDGER);
        assert_non_null(strstr(err.text, "was removed or replaced"));
        assert_false(ledger_write(book.ledger, &event, 1, &again));
        fleet_done(&fleet);
        book_close(&book);
    }
}

/* Every write beyond `LIMIT` bytes fails, as on a full disk. */
static int dies_of_a_full_disk(const struct book *book)
{
    enum { LIMIT = 200 * 1024, BATCHES = 10000 };
    struct book own = *book;
    struct fleet fleet;
    struct err err, again;
    struct step_done steps[FLEET_REVISIONS];
    const char *rows[2];
    book_reopen(&own);
    book_fleet(&own, &fleet, "run-2", 2);
    fleet_starts(&fleet);
    struct outcome outcome = fleet_outcome(&fleet, 0, 3, steps, rows);
    struct event event = {.kind = EVENT_TENANT_FINISHED, .run = &fleet.run, .outcome = &outcome};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){LIMIT, LIMIT});
    size_t written = 0;
    while (written < BATCHES && ledger_write(own.ledger, &event, 1, &err))
        written++;
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    if (written == 0 || written == BATCHES || err.kind != ERR_LEDGER)
        return 1;
    if (ledger_write(own.ledger, &event, 1, &again) || strcmp(again.text, err.text) != 0)
        return 2;
    ledger_close(own.ledger);
    struct stat wal;
    return stat(arena_printf(&own.arena, "%s-wal", own.path), &wal) == 0 && wal.st_size ? 0 : 3;
}

static void after_a_failed_write_the_ledger_is_dead(void **state)
{
    (void)state;
    struct book book;
    int status = 0;
    free(make_ledger(&book, 2).data);
    pid_t pid = fork();
    if (pid == 0)
        _exit(dies_of_a_full_disk(&book));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    book_reopen(&book);
    struct ledger_run run = book_find(&book, NULL);
    assert_string_equal(run.id, "run-2");
    assert_int_equal(run.state, RUN_INTERRUPTED);
    assert_int_equal(run.totals[TENANT_SUCCEEDED], 1);
    book_close(&book);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(file_and_folder_are_for_their_owner),
    cmocka_unit_test(who_only_reads_makes_nothing),
    cmocka_unit_test(a_reader_stands_beside_the_writer),
    cmocka_unit_test(names_of_files_are_not_options),
    cmocka_unit_test(what_a_server_refuses_names_no_password),
    cmocka_unit_test(a_ledger_of_the_first_version_is_brought_up_to_date),
    cmocka_unit_test(what_is_something_else_is_refused_and_kept),
    cmocka_unit_test(what_a_newer_skein_made_is_refused),
    cmocka_unit_test(a_folder_is_no_ledger),
    cmocka_unit_test(a_torn_ledger_is_refused_at_any_length),
    cmocka_unit_test(flipped_bytes_are_survived),
    cmocka_unit_test(rows_that_make_no_sense_are_refused),
    cmocka_unit_test(a_read_only_ledger_is_read_and_not_written),
    cmocka_unit_test(what_is_removed_or_replaced_is_written_no_more),
    cmocka_unit_test(after_a_failed_write_the_ledger_is_dead),
};
UNIT_MAIN(tests)
