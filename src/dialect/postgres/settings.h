/* What the sessions of a tenant may be set to: by the inventory's `settings`, by the options of its URL, and by PGOPTIONS in
 * the environment. What skein sets itself, none of them may set. Members of struct dialect (dialect.h) of the same names. */
#ifndef DIALECT_POSTGRES_SETTINGS_H
#define DIALECT_POSTGRES_SETTINGS_H

#include "dialect/dialect.h"

const char *postgres_refuse_setting(struct arena *arena, const struct session_setting *setting);
bool postgres_check_url(const struct dialect_use *use, struct err *err) MUST_CHECK;
enum param_reach postgres_param_reach(const struct url_param *param);
bool postgres_is_unverified(const struct url *url);
bool postgres_check_told(const struct url *url, struct err *err) MUST_CHECK;
bool postgres_check_environment(const struct dialect_use *use, struct err *err) MUST_CHECK;

#endif
