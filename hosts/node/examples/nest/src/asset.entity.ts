import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class Asset {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  tenant!: string;

  @Column()
  name!: string;

  @Column({ default: 'available' })
  status!: string;
}
