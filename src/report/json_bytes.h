/* JSON on one line, added to a buffer: whole values of jansson's, and the texts and numbers of which a report has
 * hundreds of thousands, without a value of jansson's for each. Both give the bytes that jansson's dump gives.
 *
 * Texts become valid UTF-8 here and nowhere else, and whatever could move a terminal's cursor or hide in it (C1, bidi
 * controls, …) is written as \uNNNN: JSON goes to terminals too.
 *
 *     buf_addc(&buf, '{');
 *     json_add_key(&buf, "name");                  an object is open while it is the last thing that was added,
 *     json_add_text(&buf, "acme");                 so each key, and each item of a list, adds its comma itself
 *     json_add_key(&buf, "attempts");
 *     json_add_integer(&buf, 1);
 *     buf_addc(&buf, '}');                         {"name": "acme", "attempts": 1}
 */
#ifndef REPORT_JSON_BYTES_H
#define REPORT_JSON_BYTES_H

#include <jansson.h>

#include "base/compiler.h"

struct buf;

/* The value on one line. It is taken over. */
void json_add(struct buf *buf, json_t *value);

/* null for NULL. */
void json_add_text(struct buf *buf, const char *text);
void json_add_integer(struct buf *buf, json_int_t value);

/* Rounded as json_rounded rounds. */
void json_add_rounded(struct buf *buf, double value, int decimals);

/* Begins a member of the object, or an item of the list, that is open: with ", " before it unless it is the first. The
 * key is one of ours: plain ASCII. */
void json_add_key(struct buf *buf, const char *key);
void json_add_item(struct buf *buf);

/* The text may not hold it where it stands in HTML: '<', '>' and '&'. They become \uNNNN. */
void json_add_for_html(struct buf *buf, const char *json, size_t len);

/* Rounded to so many decimals; what is no number is 0. */
double json_round(double value, int decimals);

#endif
