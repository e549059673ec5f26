# Run by cpack on what goes into the package. The names of functions stay: the watchdog tells by them
# where a loop is stuck.
foreach(program simuld simul-load)
  execute_process(COMMAND strip --strip-debug
    ${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_INSTALL_PREFIX}/bin/${program} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
