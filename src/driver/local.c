#include "driver/local.h"

bool local_is_address(const char *text, size_t len)
{
    return (len == 3 && strncmp(text, "::1", len) == 0) ||
           (strncmp(text, "127.", 4) == 0 && strspn(text, "0123456789.") >= len);
}

bool local_are_all(const char *list, bool (*is_local)(const char *text, size_t len))
{
    for (size_t len; *list; list += len + (list[len] == ',')) {
        len = strcspn(list, ",");
        if (!is_local(list, len))
            return false;
    }
    return true;
}
