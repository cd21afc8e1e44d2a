/* Single keys from the terminal, while a run is shown on it.
 *
 * Only where stdin and stderr are terminals, stdout is no pipe (its reader may read keys too, as less does, and both would set
 * modes) and we are in the foreground; else nothing is ever read. The terminal's modes are put
 * back whenever the program ends or stops: keys_close, a crash, Ctrl-\, Ctrl-Z (and after `fg` the keys work again). What was
 * typed before is thrown away. Ctrl-C and the like stay signals. There is one at a time.
 *
 *     if (keys_open())
 *         …len = keys_read(text, sizeof text)…        never waits
 *     keys_close();
 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* False: there is no terminal to read keys from. */
bool keys_open(void);

/* What was typed since. 0: nothing, or we are in the background. */
size_t keys_read(char *ret_text, size_t size);

/* May be called at any time, and more than once. */
void keys_close(void);

#endif
