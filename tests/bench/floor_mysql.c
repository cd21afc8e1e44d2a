/* The least that MariaDB takes: connect, send the statements of the script one by one, close; so many threads at once. No
 * version check, no lock, no history, no report.
 *
 *     floor_mysql PARALLEL SCRIPT|- PORT < names of the databases, one a line
 *
 * A statement of the script ends with a semicolon at the end of a line. The password is SKEIN_BENCH_PASSWORD.
 */
#include <mysql.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MOST = 256, STATEMENTS_MOST = 4096 };

static pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER;
static const char *statements[STATEMENTS_MOST] = {"SELECT version_num FROM alembic_version"};
static size_t statement_count = 1;
static unsigned port;

static void die(MYSQL *mysql)
{
    fprintf(stderr, "floor_mysql: %s\n", mysql_error(mysql));
    exit(1);
}

static bool take_name(char *name, size_t size)
{
    pthread_mutex_lock(&names);
    bool is_there = fgets(name, (int)size, stdin);
    pthread_mutex_unlock(&names);
    name[is_there ? strcspn(name, "\n") : 0] = 0;
    return is_there;
}

static void run(const char *name)
{
    MYSQL *mysql = mysql_init(NULL);
    unsigned protocol = MYSQL_PROTOCOL_TCP;
    mysql_optionsv(mysql, MYSQL_OPT_PROTOCOL, &protocol);
    if (!mysql_real_connect(mysql, "127.0.0.1", "skein", getenv("SKEIN_BENCH_PASSWORD"), name, port,
                            NULL, 0))
        die(mysql);
    for (size_t i = 0; i < statement_count; i++) {
        if (mysql_real_query(mysql, statements[i], strlen(statements[i])))
            die(mysql);
        mysql_free_result(mysql_store_result(mysql));
    }
    mysql_close(mysql);
}

static void *work(void *ctx)
{
    char name[256];
    (void)ctx;
    mysql_thread_init();
    while (take_name(name, sizeof name))
        run(name);
    mysql_thread_end();
    return NULL;
}

static void read_script(const char *path)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "rb");
    if (!file || fread(text, 1, sizeof text - 1, file) == 0)
        exit(2);
    fclose(file);
    statement_count = 0;
    for (char *at = text, *end; (end = strstr(at, ";\n")) && statement_count < STATEMENTS_MOST;
         at = end + 2) {
        *end = 0;
        statements[statement_count++] = at;
    }
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MOST];
    long parallel = argc == 4 ? strtol(argv[1], NULL, 10) : 0;
    if (parallel < 1 || parallel > THREADS_MOST || mysql_library_init(0, NULL, NULL))
        return 2;
    if (strcmp(argv[2], "-") != 0)
        read_script(argv[2]);
    port = (unsigned)strtoul(argv[3], NULL, 10);
    for (long i = 0; i < parallel; i++)
        if (pthread_create(&threads[i], NULL, work, NULL))
            return 2;
    for (long i = 0; i < parallel; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
