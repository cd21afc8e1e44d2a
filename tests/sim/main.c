/* sim [--seed N] [--count ROLLOUTS | --cases N] [--seeds FILE] [--trace] [--no-kills]
 *
 * Plays cases from seed N on (default 1): one, so many, or until so many rollouts are done. With --seeds
 * the cases of a file, a seed a line, come first. */
#include <getopt.h>
#include <inttypes.h>
#include <time.h>

#include "sim/heap.h"
#include "sim/play.h"

struct run {
    uint64_t seed;
    uint64_t rollouts_wanted, cases_wanted; /* both are reached */
    const char *seeds;
    struct play_options play;
};

static NO_RETURN void refuse(const char *why)
{
    fprintf(stderr, "sim: %s\n", why);
    exit(2);
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end)
        refuse("a number is wanted");
    return value;
}

static struct run parse(int argc, char **argv)
{
    static const struct option options[] = {{"seed", required_argument, NULL, 's'},
                                            {"count", required_argument, NULL, 'c'},
                                            {"cases", required_argument, NULL, 'n'},
                                            {"seeds", required_argument, NULL, 'f'},
                                            {"trace", no_argument, NULL, 't'},
                                            {"no-kills", no_argument, NULL, 'k'},
                                            {0}};
    struct run run = {.seed = 1, .play.may_kill = heap_can_be_dropped()};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's': run.seed = number(optarg); break;
        case 'c': run.rollouts_wanted = number(optarg); break;
        case 'n': run.cases_wanted = number(optarg); break;
        case 'f': run.seeds = optarg; break;
        case 't': run.play.is_traced = true; break;
        case 'k': run.play.may_kill = false; break;
        default: exit(2);
        }
    }
    return run;
}

/* The first word of each line; the rest says what it found. */
static uint64_t play_file(const struct run *run)
{
    char line[256];
    uint64_t rollouts = 0;
    FILE *file = fopen(run->seeds, "r");
    if (!file)
        refuse("the file of seeds cannot be read");
    while (fgets(line, sizeof line, file))
        if (line[0] != '#' && line[0] != '\n')
            rollouts += play_case(strtoull(line, NULL, 10), &run->play);
    fclose(file);
    return rollouts;
}

int main(int argc, char **argv)
{
    struct run run = parse(argc, argv);
    clock_t begun = clock();
    uint64_t rollouts = run.seeds ? play_file(&run) : 0;
    uint64_t cases = 0;
    do {
        rollouts += play_case(run.seed + cases++, &run.play);
    } while (rollouts < run.rollouts_wanted || cases < run.cases_wanted);
    double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
    printf("%" PRIu64 " rollouts in %" PRIu64 " cases from seed %" PRIu64 ": %.0f a second\n",
           rollouts, cases, run.seed, (double)rollouts / (seconds > 0 ? seconds : 1));
    return 0;
}
