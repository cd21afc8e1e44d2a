/* What the sessions of a tenant may be set to by the inventory's `settings`. What skein sets itself, it may not set.
 * Members of struct dialect (dialect.h) of the same names. */
#ifndef DIALECT_MYSQL_SETTINGS_H
#define DIALECT_MYSQL_SETTINGS_H

#include "dialect/dialect.h"

const char *mysql_refuse_setting(struct arena *arena, const struct session_setting *setting);
void mysql_add_setting(struct buf *buf, const struct session_setting *setting, bool is_local);

#endif
