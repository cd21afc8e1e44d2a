/* Parts of the JSON report that the page bears too: the same keys, so that the page gives the JSON report back. */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include "report/json_stream.h"
#include "report/model.h"

/* Members of the object that is open: from `skein` to `waves`. */
void json_put_head(struct json_stream *stream, const struct report *report);

/* Members of an error in the words of one tenant, whose row is given; `message` with what is that tenant's own where
 * `has_detail`. */
void json_put_error(struct json_stream *stream, const struct report_error *error,
                    const struct report_row *row, bool has_detail);

/* Members of a notice without its tenants. */
void json_put_notice(struct json_stream *stream, const struct report_notice *notice);

/* `preflight`, of a run that asks the rows; and of one of its tenants, without what fits. */
struct view_preflight;
void json_put_preflight(struct json_stream *stream, const struct view_preflight *preflight);
void json_put_answers(struct json_stream *stream, const struct report_row *row);

/* `tenants`. */
void json_put_tenants(struct json_stream *stream, const struct report *report);

/* `history`, for a report that has visits. */
void json_put_history(struct json_stream *stream, const struct report *report);

/* Values, which the caller owns. */
struct view_forecast;
json_t *json_forecast(const struct report *report, const struct view_forecast *forecast);
json_t *json_schema(const struct report_schema *schema);

/* A step of a tenant; `ms` NULL: how long it took is left out. */
struct told_step {
    const struct report_step *step;
    enum dialect_id dialect;
    const float *ms;
};

/* JSON of these, added to a buffer (json_bytes.h): of a step its members without braces, of REPORT_NONE null, of a
 * rehearsal one thing that it saw. */
void json_add_labels(struct buf *buf, const struct tenant *tenant);
void json_add_ids(struct buf *buf, const struct report *report, uint32_t number);
void json_add_half(struct buf *buf, const struct report *report, uint32_t number);
void json_add_seen(struct buf *buf, const struct seen *seen);
void json_add_table_change(struct buf *buf, const struct weighed *weighed);
void json_add_step(struct buf *buf, const struct report *report, const struct told_step *told);

#endif
