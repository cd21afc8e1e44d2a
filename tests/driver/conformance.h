/* The parts of the conformance suite: each runs its cases over the subject that stage_use was given,
 * and returns how many failed. */
#ifndef DRIVER_CONFORMANCE_H
#define DRIVER_CONFORMANCE_H

#include "driver/stage.h"

int run_connect_cases(void);
int run_statements_cases(void);
int run_transaction_cases(void);
int run_dialect_cases(void);
int run_stop_cases(void);

#endif
