/* What goes wrong in a run: faults of databases and of whole servers, drawn by chance. */
#ifndef SIM_TROUBLES_H
#define SIM_TROUBLES_H

#include "sim/scene.h"

void troubles_scatter(struct scene *scene);
void troubles_heal(struct scene *scene);

#endif
