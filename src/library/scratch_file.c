/* A scratch database that is a file, in a folder of its own. */
#include "library/scratch_private.h"

#include "library/scratch_folder.h"

#define DATABASE "scratch.db"

bool scratch_file_make(struct scratch *scratch, struct tenant *tenant, struct err *err)
{
    scratch->folder = scratch_folder_make(&scratch->arena, &scratch->lock, err);
    if (!scratch->folder)
        return false;
    tenant->url =
        (struct url){.dialect = scratch->kind.dialect,
                     .scheme = dialect_info(scratch->kind.dialect)->schemes[0],
                     .database = arena_printf(&scratch->arena, "%s/" DATABASE, scratch->folder)};
    return true;
}

void scratch_file_drop(struct scratch *scratch)
{
    scratch_folder_remove(scratch->folder, scratch->lock);
}
