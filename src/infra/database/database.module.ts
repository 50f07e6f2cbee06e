import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { createDataSource, dataSourceOptions } from './data-source.js';
import { DatabaseService } from './database.service.js';

/** Provides the data source unconnected: the start of the process never waits for a database server. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [APP_CONFIG],
          useFactory: (config: AppConfig) => ({
            ...dataSourceOptions(config.database),
            manualInitialization: true,
          }),
          dataSourceFactory: (options) => Promise.resolve(createDataSource(options as DataSourceOptions)),
        }),
      ],
      providers: [DatabaseService],
      exports: [DatabaseService],
    };
  }
}
