#include <sys/sysmacros.h>

#include "base/buf.h"
#include "driver/sqlite_holder.h"
#include "unit/unit.h"

static const char table[] = "1: POSIX  ADVISORY  WRITE 4242 fd:01:131 1073741825 1073741825\n"
                            "1: -> POSIX  ADVISORY  WRITE 77 fd:01:131 1073741825 1073741825\n"
                            "2: POSIX  ADVISORY  READ 51 fd:01:131 1073741826 1073742335\n"
                            "3: POSIX  ADVISORY  READ 51 fd:01:131 1073741824 1073741824\n"
                            "4: FLOCK  ADVISORY  WRITE 60 fd:01:131 0 EOF\n"
                            "5: OFDLCK ADVISORY  WRITE -1 fd:01:131 0 EOF\n"
                            "6: POSIX  ADVISORY  WRITE 0 fd:01:131 0 EOF\n"
                            "7: POSIX  ADVISORY  WRITE 80 fd:01:1310 0 EOF\n"
                            "8: POSIX  ADVISORY  WRITE 81 fd:02:131 0 EOF\n"
                            "9: LEASE  ACTIVE    READ 82 fd:01:131 0 EOF\n"
                            "10: FLOCK  ADVISORY  WRITE 9 fd:01:131 0 EOF\n"
                            "not a line of it\n"
                            "11: POSIX  ADVISORY  WRITE 90 fd:01:131 0 EOF"; /* no newline */

/* The processes, comma separated. */
static void assert_found(const char *type, const char *access, size_t max, const char *expected)
{
    struct lock_search search = {
        .type = type, .access = access, .device = makedev(0xfd, 1), .inode = 131, .not_pid = 9};
    pid_t pids[8];
    size_t count = sqlite_holder_find(table, &search, pids, 0, max);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < count; i++)
        buf_addf(&buf, "%s%d", i ? "," : "", (int)pids[i]);
    assert_string_equal(buf.data, expected);
    buf_done(&buf);
}

static void finds_who_holds_a_lock(void **state)
{
    (void)state;
    assert_found("POSIX", "WRITE", 8, "4242,90");
    assert_found("POSIX", "READ", 8, "51");
    assert_found("POSIX", NULL, 8, "4242,51,90");
    assert_found("FLOCK", NULL, 8, "60");
    assert_found("POSIX", NULL, 2, "4242,51");
    assert_found("LEASE", "WRITE", 8, "");
}

static void keeps_what_was_found_before(void **state)
{
    struct lock_search search = {.type = "FLOCK", .device = makedev(0xfd, 1), .inode = 131};
    pid_t pids[4] = {60};
    (void)state;
    assert_int_equal(sqlite_holder_find(table, &search, pids, 1, 4), 2);
    assert_int_equal(pids[1], 9);
    assert_int_equal(sqlite_holder_find("", &search, pids, 2, 4), 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_who_holds_a_lock),
    cmocka_unit_test(keeps_what_was_found_before),
};

UNIT_MAIN(tests)
