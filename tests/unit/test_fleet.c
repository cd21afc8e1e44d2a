/* What opening a fleet does to the process. */
#include "unit/unit.h"

#include <sqlite3.h>
#include <unistd.h>

#include "library/fleet.h"

/* Whoever opens a database first, the ledger or a parser, SQLite counts no memory: a mutex for all threads guards the count. */
static void sqlite_is_set_up_before_anything_is_opened(void **state)
{
    char dir[] = "/tmp/skein-fleet-XXXXXX", path[64];
    struct fleet_request request = {.inventory = path, .needs = FLEET_TENANTS};
    struct fleet fleet;
    struct faults faults;
    sqlite3 *db;
    int used, most;
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/skein.yaml", dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("chain: versions\ntenants:\n  - {name: a, url: 'sqlite:///a.db'}\n", file);
    assert_int_equal(fclose(file), 0);
    faults_init(&faults);
    assert_true(fleet_open(&fleet, &request, &faults));
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_status(SQLITE_STATUS_MEMORY_USED, &used, &most, 0), SQLITE_OK);
    assert_int_equal(used, 0);
    sqlite3_close(db);
    fleet_done(&fleet);
    faults_done(&faults);
    unlink(path);
    rmdir(dir);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sqlite_is_set_up_before_anything_is_opened),
};

UNIT_MAIN(tests)
