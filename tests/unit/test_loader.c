#include "unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "chain/chain.h"

static const char good[] = "-- Revision ID: aaaa\n\n-- migrate:up\nSELECT 1;";

/* A folder of the test's own, with a chain's folder in it. */
struct stage {
    struct arena arena;
    struct faults faults;
    char dir[64];
    const char *versions;
};

static const char *path(struct stage *stage, const char *name)
{
    return arena_printf(&stage->arena, "%s/%s", stage->dir, name);
}

static int set_up(void **state)
{
    struct stage *stage = xcalloc(1, sizeof *stage);
    arena_init(&stage->arena);
    faults_init(&stage->faults);
    snprintf(stage->dir, sizeof stage->dir, "/tmp/skein-chain-XXXXXX");
    assert_non_null(mkdtemp(stage->dir));
    stage->versions = path(stage, "versions");
    assert_int_equal(mkdir(stage->versions, 0755), 0);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"versions/a.sql",  "versions/b.sql", "versions/c.sql",
                                        "versions/.d.sql", "versions/e.txt", "versions/.sql",
                                        "outside.sql",     "link",           "versions"};
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (unlink(path(stage, names[i])) != 0)
            rmdir(path(stage, names[i]));
    assert_int_equal(rmdir(stage->dir), 0);
    faults_done(&stage->faults);
    arena_done(&stage->arena);
    free(stage);
    return 0;
}

static void write_file(struct stage *stage, const char *name, const char *text)
{
    FILE *file = fopen(path(stage, name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void expect_fault(struct stage *stage, const char *says)
{
    struct chain *chain = chain_load(stage->versions, &stage->faults);
    assert_null(chain);
    assert_int_equal(stage->faults.total, 1);
    if (!strstr(stage->faults.items[0].text, says))
        fail_msg("%s", stage->faults.items[0].text);
}

static void expect_ids(struct stage *stage, const char *dir, const char *wanted)
{
    char ids[64] = "";
    struct chain *chain = chain_load(dir, &stage->faults);
    if (!chain)
        fail_msg("%s", stage->faults.items[0].text);
    for (size_t i = 0; i < chain->count; i++)
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s%s", i ? " " : "",
                 chain->revisions[i]->id);
    chain_free(chain);
    assert_string_equal(ids, wanted);
}

static void reads_the_sql_files_of_a_folder(void **state)
{
    struct stage *stage = *state;
    expect_ids(stage, stage->versions, "");
    write_file(stage, "versions/b.sql", "-- Revision ID: bbbb\n-- Revises: aaaa\n-- migrate:up");
    write_file(stage, "versions/a.sql", good);
    write_file(stage, "versions/.d.sql", "an editor's");
    write_file(stage, "versions/.sql", "no name");
    write_file(stage, "versions/e.txt", "notes");
    expect_ids(stage, stage->versions, "aaaa bbbb");
}

static void says_that_there_is_no_folder(void **state)
{
    struct stage *stage = *state;
    stage->versions = path(stage, "nowhere");
    expect_fault(stage, "cannot open the chain's folder");
}

static void refuses_a_file_of_50_mb(void **state)
{
    struct stage *stage = *state;
    write_file(stage, "versions/a.sql", good);
    assert_int_equal(truncate(path(stage, "versions/a.sql"), 50 * 1000 * 1000), 0);
    expect_fault(stage, "larger than 16 MiB");
}

static void reads_an_empty_file_as_one_without_an_id(void **state)
{
    struct stage *stage = *state;
    write_file(stage, "versions/a.sql", "");
    assert_null(chain_load(stage->versions, &stage->faults));
    assert_int_equal(stage->faults.total, 2); /* and no section */
    assert_non_null(strstr(stage->faults.items[0].text, "no 'Revision ID:'"));
}

static void refuses_what_is_no_file(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(mkfifo(path(stage, "versions/a.sql"), 0600), 0);
    expect_fault(stage, "not a regular file"); /* and did not hang */
    assert_int_equal(unlink(path(stage, "versions/a.sql")), 0);
    faults_done(&stage->faults);
    assert_int_equal(mkdir(path(stage, "versions/a.sql"), 0755), 0);
    expect_fault(stage, "not a regular file");
}

static void follows_links_inside_the_folder_only(void **state)
{
    struct stage *stage = *state;
    write_file(stage, "versions/e.txt", good);
    assert_int_equal(symlink("e.txt", path(stage, "versions/a.sql")), 0);
    expect_ids(stage, stage->versions, "aaaa");
    assert_int_equal(symlink("versions", path(stage, "link")), 0);
    expect_ids(stage, path(stage, "link"), "aaaa"); /* the folder itself may be one */
    write_file(stage, "outside.sql", good);
    assert_int_equal(unlink(path(stage, "versions/a.sql")), 0);
    assert_int_equal(symlink("../outside.sql", path(stage, "versions/a.sql")), 0);
    expect_fault(stage, "leads out of the folder");
    faults_done(&stage->faults);
    assert_int_equal(unlink(path(stage, "versions/a.sql")), 0);
    assert_int_equal(symlink("/dev/zero", path(stage, "versions/a.sql")), 0);
    expect_fault(stage, "leads out of the folder");
}

static const struct CMUnitTest tests[] = {
    CASE(reads_the_sql_files_of_a_folder), CASE(says_that_there_is_no_folder),
    CASE(refuses_a_file_of_50_mb),         CASE(reads_an_empty_file_as_one_without_an_id),
    CASE(refuses_what_is_no_file),         CASE(follows_links_inside_the_folder_only),
};

UNIT_MAIN(tests)
