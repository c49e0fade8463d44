/**
 * The name of the service that `postern connect webmail` adds to master.cf
 * (milter_macro_daemon_name). Only Postfix's configuration gives names to services, so no client
 * can claim one.
 */
export const webmailService = 'postern_webmail';
