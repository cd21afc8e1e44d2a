#include "library/rehearsals.h"

#include "driver/driver.h"
#include "event/request.h"
#include "library/scratch_folder.h"

static bool has_files(const struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->tenant_count; i++) {
        const struct driver *driver = driver_find(fleet->tenants[i]->url.dialect);
        if (driver && driver->traits & DRIVER_SNAPSHOTS)
            return true;
    }
    return false;
}

bool rehearsals_open(struct rehearsals *rehearsals, struct fleet *fleet,
                     const struct request *request, struct err *err)
{
    *rehearsals = (struct rehearsals){0};
    if (!request->rehearses || !has_files(fleet))
        return true;
    rehearsals->folder = scratch_folder_make(&fleet->arena, &rehearsals->lock, err);
    return rehearsals->folder;
}

void rehearsals_close(struct rehearsals *rehearsals)
{
    if (rehearsals->folder)
        scratch_folder_remove(rehearsals->folder, rehearsals->lock);
    *rehearsals = (struct rehearsals){0};
}
