#include "report/model.h"

#include <errno.h>

static const struct report_format *const formats[] = {&report_format_text,     &report_format_json,
                                                      &report_format_csv,      &report_format_junit,
                                                      &report_format_markdown, &report_format_html};

const struct report_format *report_format_at(size_t index)
{
    return index < ARRAY_LEN(formats) ? formats[index] : NULL;
}

const char *report_format_name_at(size_t index)
{
    return index < ARRAY_LEN(formats) ? formats[index]->name : NULL;
}

const struct report_format *report_format_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

bool report_flush(FILE *out, struct err *err)
{
    int earlier =
        ferror(out) ? errno : 0; /* long texts are written at once: nothing is left to flush */
    errno = 0;
    if (fflush(out) == 0 && !ferror(out))
        return true;
    int code = errno ? errno : earlier;
    return err_set(err, ERR_INTERNAL, "cannot write the report: %s",
                   code ? strerror(code) : "write error");
}
