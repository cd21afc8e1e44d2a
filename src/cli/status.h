/* `Generating versions/ae10_x.sql ...  done`: what was made, as Alembic says it. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

/* On stdout; the verb is `Generating` or the like. */
void status_tell(const char *verb, const char *path);

#endif
