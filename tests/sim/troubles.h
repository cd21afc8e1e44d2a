/* What goes wrong in a run: faults of databases and of whole servers, drawn by chance. */
#ifndef SIM_TROUBLES_H
#define SIM_TROUBLES_H

#include "sim/scene.h"

/* The SQLSTATE of what only happens while another tenant of the server is at work. */
#define TROUBLES_CONFLICT "42710"

/* Every tenant gets into the way of all others of its server. */
void troubles_conflict(struct scene *scene);

void troubles_scatter(struct scene *scene);
void troubles_heal(struct scene *scene);

#endif
