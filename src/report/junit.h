/* What the files junit*.c share: the XML while it is written. Every text from outside goes through junit_text or junit_attribute. */
#ifndef REPORT_JUNIT_H
#define REPORT_JUNIT_H

#include "report/view.h"

enum verdict { VERDICT_PASSED, VERDICT_SKIPPED, VERDICT_FAILURE, VERDICT_ERROR, VERDICT__COUNT };

/* The element that says so; NULL: passed. */
extern const char *const junit_elements[VERDICT__COUNT];

struct junit {
    const struct view *view;
    const struct report *report;
    FILE *out;
    size_t suite_count; /* that are written */
    struct buf text;    /* of the element that is written */
};

struct suite {
    size_t tests;
    size_t verdicts[VERDICT__COUNT];
    double time_ms;
    uint32_t first; /* index into the rows by wave */
};

/* Text of an element or, where it keeps no layout, of an attribute: on one line. */
void junit_text(FILE *out, const char *text, bool keep_layout);
void junit_attribute(FILE *out, const char *name, const char *text);
void junit_seconds(FILE *out, double ms);

/* Attributes of the suite's tag, which is open. */
void junit_suite_attributes(struct junit *junit, const char *name, size_t index,
                            const struct suite *suite);

/* junit_plan.c: suites after those of the waves, of what is foretold of a plan and found in it. */
void junit_plan(struct junit *junit);

#endif
