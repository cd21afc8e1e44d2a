#include "lint/destroys.h"

#include "base/compiler.h"
#include "lint/lint.h"

struct destroys {
    const struct chain *chain;
    unsigned char *losses[DIALECT__COUNT][DIRECTION__COUNT]; /* NULL: not read yet */
};

struct destroys *destroys_new(const struct chain *chain)
{
    struct destroys *destroys = xcalloc(1, sizeof *destroys);
    destroys->chain = chain;
    return destroys;
}

void destroys_free(struct destroys *destroys)
{
    for (int dialect = 0; destroys && dialect < DIALECT__COUNT; dialect++)
        for (int direction = 0; direction < DIRECTION__COUNT; direction++)
            free(destroys->losses[dialect][direction]);
    free(destroys);
}

bool destroys_data(struct destroys *destroys, const struct revision *file, enum direction direction,
                   enum dialect_id dialect)
{
    unsigned char **losses = &destroys->losses[dialect][direction];
    if (!*losses) {
        *losses = xcalloc(chain_file_count(destroys->chain) + 1, 1);
        lint_find_losses(destroys->chain, dialect, direction, *losses);
    }
    return (*losses)[chain_file_number(destroys->chain, file)] & 1 << direction;
}
