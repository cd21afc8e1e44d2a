#include "cli/status.h"

#include "base/buf.h"
#include "base/human.h"

void status_tell(const char *verb, const char *path)
{
    struct buf line;
    buf_init(&line, 8192);
    human_add_text(&line, path);
    printf("%s %s ...  done\n", verb, line.data);
    buf_done(&line);
}
