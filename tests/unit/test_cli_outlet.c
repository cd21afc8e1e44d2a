/* Another thread writes what is told, in its order, and telling never waits. */
#include "unit/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "cli/outlet.h"

enum { PIPE_BYTES = 4096 };

struct stage {
    int fds[2];
    struct outlet *outlet;
    char *read;
    size_t read_len;
};

static void begin(struct stage *stage)
{
    *stage = (struct stage){.read = calloc(1, 4 * OUTLET_MAX_BYTES)};
    assert_non_null(stage->read);
    assert_int_equal(pipe(stage->fds), 0);
    assert_true(fcntl(stage->fds[1], F_SETPIPE_SZ, PIPE_BYTES) >= PIPE_BYTES);
    stage->outlet = outlet_open(stage->fds[1]);
    assert_non_null(stage->outlet);
}

static void tell(struct stage *stage, const char *text)
{
    outlet_write(stage->outlet, text, strlen(text));
}

/* Reads until a text has come. */
static void read_until(struct stage *stage, const char *end)
{
    while (!strstr(stage->read, end)) {
        ssize_t len = read(stage->fds[0], stage->read + stage->read_len,
                           4 * OUTLET_MAX_BYTES - 1 - stage->read_len);
        assert_true(len > 0);
        stage->read_len += (size_t)len;
    }
}

static void end(struct stage *stage)
{
    outlet_close(stage->outlet);
    close(stage->fds[0]);
    close(stage->fds[1]);
    free(stage->read);
}

static void writes_all_in_order(void **state)
{
    struct stage stage;
    (void)state;
    begin(&stage);
    tell(&stage, "one\n");
    tell(&stage, "two\nthree\n");
    outlet_drain(stage.outlet);
    assert_false(outlet_is_behind(stage.outlet));
    read_until(&stage, "three\n");
    assert_string_equal(stage.read, "one\ntwo\nthree\n");
    assert_int_equal(outlet_take_dropped(stage.outlet, true), 0);
    end(&stage);
}

/* A reader that sleeps: more is told than the pipe and the bound hold. What is missing is whole lines, and they are
 * counted. */
static void drops_whole_lines_and_counts_them(void **state)
{
    enum { LINES = 20000 };
    struct stage stage;
    char line[64];
    size_t kept = 0;
    (void)state;
    begin(&stage);
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "line %05d of what no one reads\n", i);
        tell(&stage, line);
    }
    assert_true(outlet_is_behind(stage.outlet));
    tell(&stage, "this neither\n"); /* what is missing has to be told first */
    size_t dropped = outlet_take_dropped(stage.outlet, true);
    tell(&stage, "the end\n");
    read_until(&stage, "the end\n");
    for (const char *at = stage.read; strncmp(at, "the end", 7) != 0; at = strchr(at, '\n') + 1) {
        snprintf(line, sizeof line, "line %05zu of what no one reads\n", kept++);
        assert_memory_equal(at, line, strlen(line));
    }
    assert_int_equal(kept + dropped, LINES + 1);
    assert_true(kept < LINES);
    end(&stage);
}

/* Half of the room is free again: it says so, and goes on. */
static void goes_on_where_the_reader_does(void **state)
{
    struct stage stage;
    char line[1024];
    (void)state;
    begin(&stage);
    memset(line, 'x', sizeof line - 2);
    memcpy(line + sizeof line - 2, "\n", 2);
    for (int i = 0; i < 2000; i++)
        tell(&stage, line);
    fcntl(stage.fds[0], F_SETFL, O_NONBLOCK);
    size_t dropped = 0;
    while (!dropped) {
        char some[PIPE_BYTES];
        (void)!read(stage.fds[0], some, sizeof some);
        dropped = outlet_take_dropped(stage.outlet, false);
    }
    fcntl(stage.fds[0], F_SETFL, 0);
    tell(&stage, "back\n");
    read_until(&stage, "back\n");
    end(&stage);
}

static void is_not_held_up_by_a_reader_who_never_comes(void **state)
{
    struct stage stage;
    char line[1024];
    (void)state;
    begin(&stage);
    memset(line, 'x', sizeof line - 2);
    memcpy(line + sizeof line - 2, "\n", 2);
    for (int i = 0; i < 100; i++)
        tell(&stage, line);
    outlet_close(stage.outlet); /* in a second */
    stage.outlet = NULL;
    char some[PIPE_BYTES];
    assert_true(read(stage.fds[0], some, sizeof some) > 0);
    /* The thread ends by itself once it can: what it has at hand, it may still write. */
    struct pollfd more = {.fd = stage.fds[0], .events = POLLIN};
    while (poll(&more, 1, 200) > 0 && read(stage.fds[0], some, sizeof some) > 0)
        continue;
    end(&stage);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_all_in_order),
    cmocka_unit_test(drops_whole_lines_and_counts_them),
    cmocka_unit_test(goes_on_where_the_reader_does),
    cmocka_unit_test(is_not_held_up_by_a_reader_who_never_comes),
};

UNIT_MAIN(tests)
