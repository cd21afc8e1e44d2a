#include "unit/unit.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "inventory/inventory.h"
#include "inventory/password.h"

static const char *write_file(const char *text, size_t len, mode_t mode)
{
    static char path[64];
    snprintf(path, sizeof path, "%s", "/tmp/skein-password-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static void reads_files_without_the_last_newline(void **state)
{
    static const char *const cases[][2] = {
        {"s3cret", "s3cret"},       {"s3cret\n", "s3cret"},       {"s3cret\r\n", "s3cret"},
        {"s3cret\n\n", "s3cret\n"}, {" s3 cret \n", " s3 cret "},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err;
        char *password = NULL;
        const char *path = write_file(cases[i][0], strlen(cases[i][0]), 0400);
        assert_true(password_file_check(path, &err));
        assert_true(password_file_read(path, &password, &err));
        assert_string_equal(password, cases[i][1]);
        password_free(password);
        unlink(path);
    }
}

static void refuses_files_that_are_open_to_others(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        mode_t mode;
        const char *fault;
    } cases[] = {
        {"s3cret", 6, 0640, "is open to others: chmod 600 it"},
        {"s3cret", 6, 0604, "is open to others: chmod 600 it"},
        {"", 0, 0600, "gave no password"},
        {"\n", 1, 0600, "gave no password"},
        {"s3\0cret", 7, 0600, "gave a NUL character"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};
        char *password = NULL;
        const char *path = write_file(cases[i].text, cases[i].len, cases[i].mode);
        assert_false(password_file_read(path, &password, &err));
        assert_null(password);
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_non_null(strstr(err.text, cases[i].fault));
        assert_null(strstr(err.text, "s3"));
        unlink(path);
    }
}

static void refuses_what_is_no_file(void **state)
{
    struct err err;
    char path[] = "/tmp/skein-password-XXXXXX";
    char fifo[64];
    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(fifo, sizeof fifo, "%s/fifo", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_false(password_file_check(path, &err));
    assert_non_null(strstr(err.text, "is not a regular file"));
    assert_false(password_file_check(fifo, &err));
    assert_non_null(strstr(err.text, "is not a regular file"));
    unlink(fifo);
    rmdir(path);
    assert_false(password_file_check(path, &err));
    assert_non_null(strstr(err.text, "No such file"));
}

static void takes_what_a_command_prints(void **state)
{
    static const char *const argv[] = {"sh", "-c", "cat; echo oops >&2; printf '%s\\n' \"$0\"",
                                       "$HOME is no shell's", NULL};
    const struct password source = {.kind = PASSWORD_COMMAND, .argv = argv};
    struct err err;
    char *password = NULL;
    (void)state;
    assert_true(password_fetch_on_thread(&source, &password, &err));
    assert_string_equal(password, "$HOME is no shell's");
    password_free(password);
}

static void a_failing_command_is_not_quoted(void **state)
{
    static const struct {
        const char *script;
        const char *fault;
    } cases[] = {
        {"echo s3cret; exit 3", "'sh' ended with status 3"},
        {"echo s3cret; kill -9 $$", "'sh' was killed by signal 9"},
        {"echo s3cret >&2", "'sh' gave no password"},
        {"head -c 65537 /dev/zero | tr '\\0' s", "'sh' gave more than 64 KiB"},
        {"yes s3cret", "'sh' gave more than 64 KiB"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const argv[] = {"sh", "-c", cases[i].script, NULL};
        struct err err = {0};
        char *password = NULL;
        assert_false(password_command_read(argv, 10000, &password, &err));
        assert_null(password);
        if (!strstr(err.text, cases[i].fault))
            fail_msg("%s", err.text);
        assert_null(strstr(err.text, "s3"));
    }
}

static void a_missing_command_is_a_fault(void **state)
{
    static const char *const argv[] = {"/nonexistent/command", NULL};
    struct err err;
    char *password = NULL;
    (void)state;
    assert_false(password_command_read(argv, 10000, &password, &err));
    assert_non_null(strstr(err.text, "cannot be run: No such file or directory"));
}

/* Whether it holds its output open or closes it, and though a child of its holds on. */
static void a_hanging_command_is_killed(void **state)
{
    static const char *const scripts[] = {"sleep 1000", "exec >&-; sleep 1000",
                                          "sleep 1000 & echo s3cret"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        const char *const argv[] = {"sh", "-c", scripts[i], NULL};
        struct err err;
        char *password = NULL;
        time_t begin = time(NULL);
        assert_false(password_command_read(argv, 200, &password, &err));
        assert_non_null(strstr(err.text, "did not end within"));
        assert_true(time(NULL) - begin < 100);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_files_without_the_last_newline),
    cmocka_unit_test(refuses_files_that_are_open_to_others),
    cmocka_unit_test(refuses_what_is_no_file),
    cmocka_unit_test(takes_what_a_command_prints),
    cmocka_unit_test(a_failing_command_is_not_quoted),
    cmocka_unit_test(a_missing_command_is_a_fault),
    cmocka_unit_test(a_hanging_command_is_killed),
};

UNIT_MAIN(tests)
